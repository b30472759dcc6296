const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts. Returns a function that removes the callback. However many callbacks there are,
 * the signal has at most one listener (Node warns above ten), and none without callbacks.
 */
export function onAbort(signal: AbortSignal, aborted: () => void): () => void {
  const all = waiting.get(signal) ?? new Set();
  if (all.size === 0) {
    waiting.set(signal, all);
    signal.addEventListener('abort', tellAll);
  }
  all.add(aborted);
  return () => {
    if (all.delete(aborted) && all.size === 0) signal.removeEventListener('abort', tellAll);
  };
}

function tellAll(this: AbortSignal): void {
  for (const aborted of waiting.get(this)!) aborted();
}
