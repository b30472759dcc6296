/** A deterministic generator: the same seed gives the same numbers, each from 0 up to but not including the limit. */
export function random(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
