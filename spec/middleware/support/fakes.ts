import { Metadata } from '@grpc/grpc-js';
import { asyncScheduler, type Observable, Subscription } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { CallContext, limitDeadline, onCancelled, type ParentCall, serverCall } from '../../../lib/core/server-call.ts';
import { Code, type MethodInfo, RpcError, type RpcErrorOptions } from '../../../lib/index.ts';

export const method: MethodInfo = { path: '/lab.Lab/Bidi', requestStream: true, responseStream: true };

/** A ServerCall without a server, and a record of what was requested of it. */
export class FakeCall {
  readonly [serverCall] = true as const;
  readonly path = method.path;
  readonly peer = '10.0.0.1:5000';
  readonly context = new CallContext();
  readonly metadata = new Metadata();
  readonly limits: { readonly inMs: number; readonly details: string }[] = [];
  deadline: Date | undefined;
  /** The number of listeners for its end. */
  readonly listeners = new Set<(reason: RpcError) => void>();
  #reason: RpcError | undefined;

  constructor(authorization?: string) {
    if (authorization !== undefined) this.metadata.set('authorization', authorization);
  }

  get call(): ParentCall {
    return this as unknown as ParentCall;
  }

  cancel(reason: RpcError = new RpcError(Code.CANCELLED, 'cancelled by the caller')): void {
    this.#reason = reason;
    for (const listener of this.listeners) listener(reason);
  }

  [onCancelled](listener: (reason: RpcError) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  [limitDeadline](deadline: Date, details: string): void {
    this.limits.push({ inMs: deadline.getTime() - asyncScheduler.now(), details });
  }
}

export const unavailable = (options?: RpcErrorOptions): RpcError =>
  new RpcError(Code.UNAVAILABLE, 'try later', options);

/** Runs in virtual time, to the end. */
export function virtually(work: (helpers: RunHelpers) => void): void {
  new TestScheduler(() => {}).run(helpers => {
    work(helpers);
    helpers.flush();
  });
}

/** The notifications of an Observable with their time in milliseconds of virtual time: `100 next 1`. */
export function journal(source$: Observable<unknown>): { readonly log: string[]; readonly subscription: Subscription } {
  const log: string[] = [];
  const subscription = new Subscription();
  const write = (what: string) => log.push(`${asyncScheduler.now()} ${what}`);
  subscription.add(
    source$.subscribe({
      next: value => write(`next ${value}`),
      error: error => write(error instanceof RpcError ? `error ${error.codeName} ${error.details}` : `error ${error}`),
      complete: () => write('complete'),
    }),
  );
  return { log, subscription };
}
