import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { types } from 'node:util';

/**
 * The function, to be run in the async context of now: that of who asked for what it delivers, and not of who opened the
 * connection that it comes over. As long as nobody in this process has used an AsyncLocalStorage it is the very function, so
 * that what nobody uses costs nothing for each message. From then on who has no context is kept out of those of others, too.
 */
export function bindContext<A extends any[]>(work: (...args: A) => void): (...args: A) => void {
  return bindTo(contextOfNow(), work);
}

/**
 * The same where a call leads to: it does not look whether there is a context, which {@link bindContext} did where the call
 * began, and costs nothing before one was seen.
 */
export function bindKnownContext<A extends any[]>(work: (...args: A) => void): (...args: A) => void {
  return bindTo(isUsed ? new AsyncResource(TYPE) : undefined, work);
}

/** What runs a function in the async context of now; undefined as long as nobody uses one. */
export function captureContext(): (<R>(work: () => R) => R) | undefined {
  const context = contextOfNow();
  return context && (work => context.runInAsyncScope(work));
}

/** Runs a function in no context but that in which this library was imported. */
export function outsideContext<R>(work: () => R): R {
  return root.runInAsyncScope(work);
}

const TYPE = 'rx-grpc';

// AsyncResource.bind costs 10 to 30 microseconds, of which nearly all goes into the properties of the function it returns.
function bindTo<A extends any[]>(context: AsyncResource | undefined, work: (...args: A) => void): typeof work {
  return context === undefined ? work : (...args) => context.runInAsyncScope(work, undefined, ...args);
}

function contextOfNow(): AsyncResource | undefined {
  isUsed ||= hasContext();
  return isUsed ? new AsyncResource(TYPE) : undefined;
}

const newProbe = (): Probe => new AsyncResource(TYPE, { requireManualDestroy: true }) as Probe;

const root = newProbe();

/** The two ids of a resource, by which nobody's context is meant. */
const ids: ReadonlySet<symbol> = new Set(
  Object.getOwnPropertySymbols(root).filter(id => root[id] === root.asyncId() || root[id] === root.triggerAsyncId()),
);

/**
 * Node tells nobody whether some AsyncLocalStorage has a value, but a new resource carries all there are, in every release so
 * far under symbols of its own.
 */
function hasContext(): boolean {
  const probe = newProbe();
  const symbols = Object.getOwnPropertySymbols(probe);
  probe.emitDestroy(); // who keeps a table of resources
  return symbols.some(symbol => !ids.has(symbol) && isValue(probe[symbol]));
}

/** From Node 24 on all are in one map by their storage, and one that was left again stays there with the value undefined. */
function isValue(value: unknown): boolean {
  if (!types.isMap(value) || value.size === 0) return value !== undefined;
  // Not by its own methods: it is a kind of Map that has been cut off from Map.
  for (const [key, one] of Map.prototype.entries.call(value)) {
    if (one !== undefined || !(key instanceof AsyncLocalStorage)) return true;
  }
  return false;
}

/** Whether one was seen. Where this release of Node shows none, which is tried once, they are taken for used. */
let isUsed = !outsideContext(isContextSeen);

function isContextSeen(): boolean {
  const storage = new AsyncLocalStorage<object>();
  const seen = storage.run({}, hasContext);
  storage.disable(); // an unused one would go on costing every promise
  return seen;
}

type Probe = AsyncResource & Readonly<Record<symbol, unknown>>;
