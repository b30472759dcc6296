const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts; returns its undo. However many wait, the signal has one listener (Node warns at
 * more than ten).
 */
export function onAbort(signal: AbortSignal, aborted: () => void): () => void {
  const all = waiting.get(signal) ?? listen(signal);
  all.add(aborted);
  return () => {
    all.delete(aborted);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(signal, all);
  signal.addEventListener(
    'abort',
    () => {
      for (const aborted of all) aborted();
    },
    { once: true },
  );
  return all;
}
