const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts; returns its undo. However many wait, the signal has one listener (Node warns at
 * more than ten), and none when nobody waits.
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
