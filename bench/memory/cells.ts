export const directions = ['download', 'upload', 'bidi'] as const;
export type Direction = (typeof directions)[number];

/**
 * What stands between producer and reader. `direct`: nothing; `map`: one operator on each side; `concatMap`: the reader's
 * work of 1 ms is inside a concatMap (of a bidi call: the handler's); `gateway`: a third process that passes the call on.
 */
export const pipelines = ['direct', 'map', 'concatMap', 'gateway'] as const;
export type Pipeline = (typeof pipelines)[number];

export interface Cell {
  readonly direction: Direction;
  readonly pipeline: Pipeline;
}

export type Role = 'server' | 'gateway' | 'client';

/** A point that every message passes once and that is counted: `forth` and `back` in the gateway, `turned` in the echo. */
export type Point = 'produced' | 'forth' | 'turned' | 'back' | 'taken';

/** The points of a cell in the order in which a message passes them; between two of them lies one hop. */
export function route({ direction, pipeline }: Cell): readonly Point[] {
  const isRelayed = pipeline === 'gateway';
  const forth: Point[] = isRelayed && direction !== 'download' ? ['forth'] : [];
  const turned: Point[] = direction === 'bidi' ? ['turned'] : [];
  const back: Point[] = isRelayed && direction !== 'upload' ? ['back'] : [];
  return ['produced', ...forth, ...turned, ...back, 'taken'];
}

export function nameOf({ direction, pipeline }: Cell): string {
  return pipeline === 'direct' ? direction : `${direction}, ${pipeline}`;
}
