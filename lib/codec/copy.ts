/** Copies a plain object. */
export type Copy = (template: Record<string, unknown>) => Record<string, unknown>;

/**
 * Gives functions that copy a plain object, in turn. At each place in the code V8 remembers the shapes of four objects: as long as
 * it does, a copy is made in one go, else property by property, which takes six times as long. So there are several places.
 */
export function nextCopy(): Copy {
  return copies[next++ % copies.length]!;
}

let next = 0;
const copies: readonly Copy[] = [
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
  t => ({ ...t }),
];
