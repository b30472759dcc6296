import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { types } from 'node:util';

/**
 * Binds a function to the current async context: that of the code that requested the data, and not of the code that
 * opened the connection.
 *
 * While no AsyncLocalStorage in this process has a value, it returns the function itself, so that unused contexts cost
 * nothing per message. From the first value on, it also keeps code without a context out of the contexts of others.
 */
export function bindContext<A extends any[]>(work: (...args: A) => void): (...args: A) => void {
  return bindTo(contextOfNow(), work);
}

/**
 * Does the same as {@link bindContext}, without checking whether a context is in use. bindContext has checked that at
 * the start of the call. It costs nothing until a context was seen.
 */
export function bindKnownContext<A extends any[]>(work: (...args: A) => void): (...args: A) => void {
  return bindTo(isUsed ? new AsyncResource(TYPE) : undefined, work);
}

/** Returns a function that runs work in the current async context; undefined while no context is in use. */
export function captureContext(): (<R>(work: () => R) => R) | undefined {
  const context = contextOfNow();
  return context && (work => context.runInAsyncScope(work));
}

/** Runs a function in the async context in which this library was imported. */
export function outsideContext<R>(work: () => R): R {
  return root.runInAsyncScope(work);
}

const TYPE = 'rx-grpc';

// Not AsyncResource.bind, which takes 10 to 30 microseconds, nearly all of them for the properties of the returned
// function.
function bindTo<A extends any[]>(context: AsyncResource | undefined, work: (...args: A) => void): typeof work {
  return context === undefined ? work : (...args) => context.runInAsyncScope(work, undefined, ...args);
}

function contextOfNow(): AsyncResource | undefined {
  isUsed ||= hasContext();
  return isUsed ? new AsyncResource(TYPE) : undefined;
}

const newProbe = (): Probe => new AsyncResource(TYPE, { requireManualDestroy: true }) as Probe;

const root = newProbe();

/** The symbols of a resource's own two ids, which are not contexts. */
const ids: ReadonlySet<symbol> = new Set(
  Object.getOwnPropertySymbols(root).filter(id => root[id] === root.asyncId() || root[id] === root.triggerAsyncId()),
);

/**
 * Whether any AsyncLocalStorage has a value. Node has no API for this, but in every release so far a new resource
 * carries all values under symbols of its own.
 */
function hasContext(): boolean {
  const probe = newProbe();
  const symbols = Object.getOwnPropertySymbols(probe);
  probe.emitDestroy(); // for async hooks that keep a table of resources
  return symbols.some(symbol => !ids.has(symbol) && isValue(probe[symbol]));
}

/**
 * From Node 24 on, one map holds the values of all storages. A storage that was left stays in the map with the value
 * undefined.
 */
function isValue(value: unknown): boolean {
  if (!types.isMap(value) || value.size === 0) return value !== undefined;
  // The map is of a kind that lacks Map's methods, so Map.prototype is used.
  for (const [key, one] of Map.prototype.entries.call(value)) {
    if (one !== undefined || !(key instanceof AsyncLocalStorage)) return true;
  }
  return false;
}

/**
 * Whether a context was seen. If this release of Node does not show contexts, which one test finds out, they count as
 * used.
 */
let isUsed = !outsideContext(isContextSeen);

function isContextSeen(): boolean {
  const storage = new AsyncLocalStorage<object>();
  const seen = storage.run({}, hasContext);
  storage.disable(); // an enabled storage would slow down every promise
  return seen;
}

type Probe = AsyncResource & Readonly<Record<symbol, unknown>>;
