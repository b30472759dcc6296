export { concatAll } from './flow/operators/concat-all.ts';
export { concatMap } from './flow/operators/concat-map.ts';
export { mergeAll } from './flow/operators/merge-all.ts';
export { mergeMap } from './flow/operators/merge-map.ts';
export { type OperatorObserver, operator } from './flow/operators/operator.ts';
