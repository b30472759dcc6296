import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerCall, ServerMiddleware } from '../../lib/index.ts';

export const storage: AsyncLocalStorage<unknown> = new AsyncLocalStorage();

/** A typical first middleware: the store of a call is its id. */
export const withStore: ServerMiddleware = rpc => (request$, call) =>
  storage.run(idOf(call), () => rpc(request$, call));

export const idOf = (call: ServerCall): string => String(call.metadata.get('id'));

/** Counts the callbacks at each place, and records those that ran with another store than that of their call. */
export class Looks {
  readonly wrong: Set<string> = new Set();
  readonly #seen = new Map<string, number>();

  at(where: string, id: unknown): void {
    this.#seen.set(where, this.seen(where) + 1);
    const store = storage.getStore();
    if (store !== id) this.wrong.add(`${where}: ${String(store)} instead of ${String(id)}`);
  }

  seen(where: string): number {
    return this.#seen.get(where) ?? 0;
  }
}
