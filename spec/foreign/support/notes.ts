import { fileURLToPath } from 'node:url';

export const proto: string = fileURLToPath(new URL('../protos/notes.proto', import.meta.url));

/** A note with all its fields, in the form of load(). Those of the tools differ from it only in the fields given there. */
export const fullNote = {
  text: 'ä',
  count: -2,
  nick: '',
  numbers: [1, 300, -1],
  mood: 1,
  place: { name: 'here' },
  bigNumber: 9007199254740991n,
  raw: Uint8Array.of(0, 255),
  tally: { a: 1, b: 2 },
  choice: { case: 'where', value: { name: 'there' } },
  at: { seconds: 1_600_000_000n, nanos: 500_000_000 },
  places: [{ name: 'a' }, { name: 'b' }],
} as const;
