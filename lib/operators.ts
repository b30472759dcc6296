// RxJS's operators that queue, paced: the same names, the same signatures.
export { concatAll } from './flow/operators/concat-all.ts';
export { concatMap } from './flow/operators/concat-map.ts';
export { delay } from './flow/operators/delay.ts';
export { mergeAll } from './flow/operators/merge-all.ts';
export { mergeMap } from './flow/operators/merge-map.ts';
export { mergeScan } from './flow/operators/merge-scan.ts';
export { observeOn } from './flow/operators/observe-on.ts';
// For what comes faster than it is read, and for operators of one's own.
export {
  type LatestOptions,
  type Overflow,
  onBackpressureBuffer,
  onBackpressureDrop,
  onBackpressureLatest,
  type Policy,
} from './flow/operators/on-backpressure.ts';
export { type OperatorObserver, operator } from './flow/operators/operator.ts';
export { type PacedShareConfig, share } from './flow/operators/share.ts';
export { unpaced } from './flow/operators/unpaced.ts';
export { zip } from './flow/operators/zip.ts';
export { zipWith } from './flow/operators/zip-with.ts';
