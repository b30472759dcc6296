import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

/** malloc() maps a block of more than 32 MiB anew, and need not touch it to clear it: it takes no RAM. */
const BLOCK_BYTES = 64 * 2 ** 20;
const MOST_BLOCKS = 200;

/**
 * Makes V8 begin a mark-compact by itself: allocates memory outside of its heap, untouched, until there was one. The one that `gc()`
 * forces is not what a process under load sees: it throws compiled code away with the objects that no call holds at the moment, and
 * for a second after it calls take two to six times their CPU.
 */
export async function collect(): Promise<void> {
  let isDone = false;
  const observer = new PerformanceObserver(list => {
    const entries = list.getEntries() as (PerformanceEntry & { readonly detail: { readonly kind: number } })[];
    isDone ||= entries.some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
  });
  observer.observe({ entryTypes: ['gc'] });
  // Blocks that nothing holds are freed by the collections of young objects.
  const blocks: ArrayBuffer[] = [];
  while (!isDone) {
    if (blocks.length === MOST_BLOCKS) throw new Error(`no mark-compact after ${MOST_BLOCKS} blocks`);
    blocks.push(new ArrayBuffer(BLOCK_BYTES));
    await setImmediate();
  }
  observer.disconnect();
}
