/** The number of turns of the event loop without a change after which a count is final. */
const QUIET_TURNS = 400;

/** Resolves with a count once it has not changed for many turns of the event loop. */
export async function settled(count: () => number): Promise<number> {
  let last = count();
  for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
    await new Promise(setImmediate);
    if (count() !== last) {
      last = count();
      quiet = 0;
    }
  }
  return last;
}
