import type { CountedShape, Counts } from './counts.ts';

type CountName = keyof Counts;

/**
 * What was counted, which does not depend on the machine's speed or load; heap by the release of Node (here 20), hence its
 * wide margin. Who makes one smaller writes the smaller one here.
 */
const measured: Readonly<Record<CountedShape, Counts>> = {
  unary: counts(3000, 5013, 130_000),
  serverStream: counts(20, 40, 4000),
  clientStream: counts(998, 1003, 7400),
  bidi: counts(668, 2005, 12_000),
};

const margins: Readonly<Record<CountName, number>> = {
  'event-loop turns for 1,000 messages': 1.25,
  'HTTP/2 frames sent for 1,000 messages': 1.1,
  'bytes of heap allocated for a message': 1.5,
};

/** The most that each count may be. */
export function limitsOf(shape: CountedShape): Counts {
  const limits = entriesOf(measured[shape]).map(([name, value]) => [name, Math.floor(value * margins[name])]);
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
