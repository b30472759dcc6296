export const shapes = ['unary', 'serverStream', 'clientStream', 'bidi', 'pingPong'] as const;
export type Shape = (typeof shapes)[number];

/** What is measured at a time: `at` is the number of streams, or of unary calls, that run at once. */
export interface Cell {
  readonly shape: Shape;
  /** Of each message as protobuf encodes it. */
  readonly bytes: number;
  readonly at: number;
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
  sizes.flatMap(bytes => plan[shape].at.map(at => ({ shape, bytes, at }))),
);

/** Messages of one piece of work, of all its streams together. To and fro count as one. */
export function messagesOf({ shape, bytes }: Cell): number {
  return plan[shape].messages[sizes.indexOf(bytes as (typeof sizes)[number])]!;
}

/** As the command line knows it: `bidi-1KiB-16`. */
export function nameOf({ shape, bytes, at }: Cell): string {
  return [shape, sizeOf(bytes), ...(shape === 'pingPong' ? [] : [at])].join('-');
}

export const sizeOf = (bytes: number): string => (bytes < 1024 ? `${bytes}B` : `${bytes / 1024}KiB`);
