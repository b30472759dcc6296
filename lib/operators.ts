// RxJS's queueing operators with backpressure, with the same names and signatures.

export { delay } from './backpressure/operators/delay.ts';
export { concatAll, concatMap, mergeAll, mergeMap } from './backpressure/operators/merge-map.ts';
export { mergeScan } from './backpressure/operators/merge-scan.ts';
export { observeOn } from './backpressure/operators/observe-on.ts';
// Policies for sources that cannot wait, and custom operators.
export {
  type LatestOptions,
  type Overflow,
  onBackpressureBuffer,
  onBackpressureDrop,
  onBackpressureLatest,
  type Policy,
} from './backpressure/operators/on-backpressure.ts';
export { type OperatorObserver, operator } from './backpressure/operators/operator.ts';
export { type PacedShareConfig, share } from './backpressure/operators/share.ts';
export { unpaced } from './backpressure/operators/unpaced.ts';
export { zip, zipWith } from './backpressure/operators/zip.ts';
