import { Observable } from 'rxjs';
import { comesFromSubject, someSource } from './rxjs-internals.ts';

/** Marks an Observable that can be subscribed to once. The same symbol in every copy of this library in a process. */
const oneShot: unique symbol = Symbol.for('rx-grpc.oneShot') as never;

/** Marks an Observable whose second subscription does not give its values again. Returns it. */
export function markOneShot<O extends Observable<any>>(source$: O): O {
  return Object.defineProperty(source$, oneShot, { value: true });
}

/** An Observable that is marked as one-shot. */
export class OneShot<T> extends Observable<T> {
  static {
    // Not a member, because isolatedDeclarations cannot declare its name.
    Object.defineProperty(OneShot.prototype, oneShot, { value: true });
  }
}

/**
 * Whether an Observable can be subscribed to once: it, or one that it is made of by operators, is marked so, or is a Subject, a
 * group, a window or a connectable. The Observables inside a `defer`, a `merge` or a `new Observable` cannot be seen.
 */
export function isOneShot(source$: Observable<any>): boolean {
  return someSource(source$, isMarkedOrConnectable) || comesFromSubject(source$);
}

function isMarkedOrConnectable(source$: { readonly [oneShot]?: true; readonly connect?: unknown }): boolean {
  return source$[oneShot] === true || typeof source$.connect === 'function';
}

const readOnce = new WeakSet<object>();

/**
 * Throws when a source that can be read only once is read a second time. Without it, a retry would silently send
 * nothing.
 */
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

/** Whether this is a {@link refusal}: the source has not failed, but was read a second time. */
export function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && refusals.has(error);
}
