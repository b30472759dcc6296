import type { CountedShape, Counts } from './counts.ts';

type CountName = keyof Counts;

/**
 * What was counted, which does not depend on the machine's speed or load; heap by the release of Node (here 20), hence its
 * wide margin. Who makes one smaller writes the smaller one here.
 */
const measured: Readonly<Record<CountedShape, Counts>> = {
  unary: counts(3010, 5011, 112_000),
  serverStream: counts(6, 12, 440),
  clientStream: counts(10, 13, 510),
  bidi: counts(6, 24, 800),
};

const margins: Readonly<Record<CountName, number>> = {
  'event-loop turns for 1,000 messages': 1.25,
  'HTTP/2 frames sent for 1,000 messages': 1.1,
  'bytes of heap allocated for a message': 1.5,
};

/** Where there are so few that a packet which comes in two would be a regression. */
const MIN_MARGIN = 4;

/** The most that each count may be. */
export function limitsOf(shape: CountedShape): Counts {
  const limits = entriesOf(measured[shape]).map(([name, value]) => [
    name,
    Math.max(Math.floor(value * margins[name]), value + MIN_MARGIN),
  ]);
  return Object.fromEntries(limits);
}

/** The name of each count that is above its limit, with both. */
export function grown(of: Counts, limits: Counts): string[] {
  return entriesOf(of)
    .filter(([name, value]) => !(value <= limits[name]))
    .map(([name, value]) => `${name}: ${value}, at most ${limits[name]}`);
}

function entriesOf(of: Counts): [CountName, number][] {
  return Object.entries(of) as [CountName, number][];
}

function counts(turns: number, frames: number, heap: number): Counts {
  return {
    'event-loop turns for 1,000 messages': turns,
    'HTTP/2 frames sent for 1,000 messages': frames,
    'bytes of heap allocated for a message': heap,
  };
}
