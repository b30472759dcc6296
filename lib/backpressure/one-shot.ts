import { Observable } from 'rxjs';
import { comesFromSubject } from './demand.ts';

/** On Observables that can be subscribed to once. Known to every copy of this library in a process. */
const oneShot: unique symbol = Symbol.for('rx-grpc.oneShot') as never;

/** Says of an Observable that subscribing to it a second time does not give its values again. Returns it. */
export function markOneShot<O extends Observable<any>>(source$: O): O {
  return Object.defineProperty(source$, oneShot, { value: true });
}

/** An Observable that is marked so from the beginning. */
export class OneShot<T> extends Observable<T> {
  static {
    // Not as a member, whose name isolatedDeclarations could not write down.
    Object.defineProperty(OneShot.prototype, oneShot, { value: true });
  }
}

/**
 * Whether an Observable, perhaps through operators, is one that was marked so, or is fed from outside: a Subject, a group, a
 * window, a connectable. What a `defer`, a `merge` or a `new Observable` subscribes to cannot be seen.
 */
export function isOneShot(source$: Observable<any>): boolean {
  let link = source$ as Link | undefined;
  while (link !== undefined) {
    if (link[oneShot] === true || typeof link.connect === 'function') return true;
    link = link.source;
  }
  return comesFromSubject(source$);
}

interface Link {
  readonly [oneShot]?: true;
  readonly connect?: unknown;
  readonly source?: Link | undefined;
}

const readOnce = new WeakSet<object>();

/** Refuses a second reading of what can be read once; without that a retry would silently send nothing. */
export function once<S extends object>(source: S): S {
  if (readOnce.has(source)) {
    throw refusal(
      new TypeError(
        'pull: this source can be read only once, and it has been. ' +
          'For retry, repeat and further subscriptions give a function that opens it anew: pull(() => open())',
      ),
    );
  }
  readOnce.add(source);
  return source;
}

const refusals = new WeakSet<object>();

/** Marks an error by which a one-shot source refuses to be read again. Returns it. */
export function refusal<E extends Error>(error: E): E {
  refusals.add(error);
  return error;
}

/** Whether this is a {@link refusal}: the source has not failed, it was only asked for what it does not do. */
export function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && refusals.has(error);
}
