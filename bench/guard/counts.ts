import { spread } from '../throughput/statistics.ts';

export const countedShapes = ['unary', 'serverStream', 'clientStream', 'bidi'] as const;
export type CountedShape = (typeof countedShapes)[number];

/**
 * What the messages of one shape took, both sides together; a unary call counts as one message, and so does one to and fro.
 * Writes per turn of the event loop are the frames by the turns.
 */
export interface Counts {
  readonly 'event-loop turns for 1,000 messages': number;
  /** HTTP/2 frames of all kinds; as long as nothing puts several messages into one write, each message is one. */
  readonly 'HTTP/2 frames sent for 1,000 messages': number;
  readonly 'bytes of heap allocated for a message': number;
}

/** The young generation of the process that counts: a whole call fits in, so that what it allocates is what the heap grows by. */
export const YOUNG_MIB = 128;

/** As it was counted. */
export interface Raw {
  readonly calls: readonly { readonly turns: number; readonly heap: number }[];
  readonly frames: number;
  /** Calls whose frames these are: those to warm up, too. */
  readonly framesOf: number;
  /** Of each call. */
  readonly messages: number;
}

/** Medians of the calls: now and then something else is collected or allocated. */
export function perMessage({ calls, frames, framesOf, messages }: Raw): Counts {
  const median = (of: 'turns' | 'heap') => spread(calls.map(call => call[of])).median / messages;
  return {
    'event-loop turns for 1,000 messages': Math.round(median('turns') * 1000),
    'HTTP/2 frames sent for 1,000 messages': Math.round((frames / framesOf / messages) * 1000),
    'bytes of heap allocated for a message': Math.round(median('heap')),
  };
}
