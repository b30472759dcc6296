import { Subject, type Subscriber } from 'rxjs';

/**
 * What a stage that can be full says of itself. `subscriber.next()` returns nothing, so this is how a source that can
 * wait learns that it should.
 */
export interface Demand {
  /** Whether the stage takes another value now. It takes one more per inbound stream in any case. */
  readonly ready: boolean;
  /** Calls back once, in the order of asking, when the stage is ready again; perhaps at once. Returns its undo. */
  onReady(resume: () => void): () => void;
  /** Whether what is waited for is a peer that does not read, and no work of this process. For `inspect`. */
  readonly isWire?: boolean;
  /** Whether a wait is over at the next turn of the event loop, which `inspect` does not call a pause. */
  readonly isBrief?: boolean;
}

/** Hears when a source starts to wait, with what it waits for, and when it goes on. */
export interface PauseListener {
  pause(waitsFor: () => 'demand' | 'wire'): void;
  resume(): void;
}

/** Where a subscriber carries its Demand. Known to every copy of this library in a process. */
export const demand: unique symbol = Symbol.for('rx-grpc.demand') as never;

/**
 * The Demand of every stage from a subscriber down to the end of its chain.
 *
 * This is the one place that knows how rxjs 7 links its subscribers: an operator's subscriber has the one below it as
 * its `destination`, and the last of a chain keeps the user's observer in `destination.partialObserver`. A Subject,
 * which has no `destination`, ends the chain: who listens behind it is not known.
 */
export function demandsBelow(subscriber: Subscriber<any>): readonly Demand[] {
  const found: Demand[] = [];
  let link: Link | null | undefined = subscriber as unknown as Link;
  while (link) {
    if (link[demand] !== undefined) found.push(link[demand]);
    // The user's observer is the end: a `destination` of its own means something else.
    if (link.partialObserver?.[demand] !== undefined) found.push(link.partialObserver[demand]);
    link = link.destination;
  }
  return found;
}

/** The first stage that takes no value now. */
export function firstFull(demands: readonly Demand[]): Demand | undefined {
  for (let i = 0; i < demands.length; i++) {
    if (!demands[i]!.ready) return demands[i];
  }
  return undefined;
}

interface Link {
  readonly [demand]?: Demand;
  readonly destination?: Link | null;
  readonly partialObserver?: Link;
}

/**
 * Whether an Observable's values come from a Subject: one itself, a window, or a group, perhaps through operators.
 * Such a source cannot be asked to wait, and what feeds it may stand upstream of the very stage that asks.
 */
export function comesFromSubject(source: unknown): boolean {
  let root = source as { readonly source?: unknown; readonly key?: unknown } | undefined;
  while (root?.source !== undefined && !(root instanceof Subject)) root = root.source as typeof root;
  // A group of groupBy is a plain Observable over a Subject that only its `key` gives away.
  return root instanceof Subject || (typeof root === 'object' && root !== null && 'key' in root);
}
