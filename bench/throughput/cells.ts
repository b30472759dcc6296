export const shapes = ['unary', 'serverStream', 'clientStream', 'bidi', 'pingPong'] as const;
export type Shape = (typeof shapes)[number];

/** What is measured at a time. */
export interface Cell {
  readonly shape: Shape;
  /** Of each message as protobuf encodes it. */
  readonly bytes: number;
  /** Streams, or unary calls, that run at once. */
  readonly at: number;
  /** Of one piece of work, of all its streams together. To and fro count as one. */
  readonly messages: number;
  /** The streams are spread over so many connections; 1 unless given. */
  readonly connections?: number;
}

const sizes = [32, 1024, 65536] as const;

/** How many at once, and how many messages one piece of work has of each size: the same for all contenders. */
const plan: Readonly<Record<Shape, { readonly at: readonly number[]; readonly messages: readonly number[] }>> = {
  unary: { at: [1, 64], messages: [1280, 1280, 640] },
  serverStream: { at: [1, 16], messages: [20_000, 10_000, 1024] },
  clientStream: { at: [1, 16], messages: [100_000, 10_000, 1024] },
  bidi: { at: [1, 16], messages: [100_000, 10_000, 1024] },
  pingPong: { at: [1], messages: [1000, 1000, 500] },
};

export const cells: readonly Cell[] = shapes.flatMap(shape =>
  sizes.flatMap((bytes, i) => plan[shape].at.map(at => ({ shape, bytes, at, messages: plan[shape].messages[i]! }))),
);

/** One cell or two of each shape, among them each size: what is measured with several releases of Node, and cold. */
const mainNames = new Set([
  'unary-32B-1',
  'unary-1KiB-64',
  'serverStream-32B-1',
  'serverStream-64KiB-16',
  'clientStream-1KiB-1',
  'bidi-32B-16',
  'pingPong-32B',
]);

export const isMain = (cell: Cell): boolean => mainNames.has(nameOf(cell));

/** As the command line knows it: `bidi-1KiB-16`. */
export function nameOf({ shape, bytes, at }: Cell): string {
  return [shape, sizeOf(bytes), ...(shape === 'pingPong' ? [] : [at])].join('-');
}

const sizeOf = (bytes: number): string => (bytes < 1024 ? `${bytes}B` : `${bytes / 1024}KiB`);
