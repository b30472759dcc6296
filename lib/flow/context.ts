import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/**
 * The function, to be run in the async context of now: that of who asked for what it delivers, and not of who opened the
 * connection that it comes over. Where there is no context (no AsyncLocalStorage has a value here) it is the very function, so
 * that what nobody uses costs nothing for each message.
 */
export function bindContext<A extends any[]>(work: (...args: A) => void): (...args: A) => void {
  return hasContext() ? AsyncResource.bind(work) : work;
}

/** What runs a function in the async context of now; undefined where there is none. */
export function captureContext(): (<R>(work: () => R) => R) | undefined {
  return hasContext() ? AsyncLocalStorage.snapshot() : undefined;
}

/** Runs a function in no context but that in which this library was imported. */
export function outsideContext<R>(work: () => R): R {
  return root.runInAsyncScope(work);
}

const probe = (): Probe => new AsyncResource('rx-grpc', { requireManualDestroy: true }) as Probe;

const root = probe();

/** The two ids of a resource, by which nobody's context is meant. */
const ids: ReadonlySet<symbol> = new Set(
  Object.getOwnPropertySymbols(root).filter(id => root[id] === root.asyncId() || root[id] === root.triggerAsyncId()),
);

/**
 * Node tells nobody whether some AsyncLocalStorage has a value, but a new resource carries all there are, in every release so
 * far under symbols of its own. Whether that is so here was tried when this file was loaded; if not, there always is one.
 */
function hasContext(): boolean {
  if (!isSeen) return true;
  const resource = probe();
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (!ids.has(symbol) && isValue(resource[symbol])) return true;
  }
  return false;
}

/** From Node 24 on all are in one map by their storage, and one that was left again stays there with the value undefined. */
function isValue(value: unknown): boolean {
  if (!(value instanceof Map) || value.size === 0) return value !== undefined;
  for (const [key, one] of value) if (one !== undefined || !(key instanceof AsyncLocalStorage)) return true;
  return false;
}

let isSeen = true;
isSeen = outsideContext(isContextSeen);

function isContextSeen(): boolean {
  const storage = new AsyncLocalStorage<object>();
  const seen = storage.run({}, hasContext);
  storage.disable(); // an unused one would go on costing every promise
  return seen;
}

type Probe = AsyncResource & Readonly<Record<symbol, unknown>>;
