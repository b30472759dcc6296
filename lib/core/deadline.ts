import type { StatusObject } from '@grpc/grpc-js';
import { asyncScheduler, type Subscription } from 'rxjs';
import type { CallOptions } from './call-options.ts';
import { isServerCall, type ServerCall } from './server-call.ts';
import { Code } from './status.ts';
import { MAX_TIMER_MS } from './validate.ts';

// A call has three clocks: this library's timers, those of grpc-js, and those of the peer. These are their differences.

/** A peer's clock: a cancellation or reset this long before the deadline counts as the peer's own deadline. */
const PEER_SLACK_MS = 10;

/**
 * A client's own timer fires this long after the deadline. grpc-js then ends the call first, behind the responses that came
 * before; the timer ends a call whose reader is full, for which grpc-js reports nothing.
 */
export const DEADLINE_SLACK_MS = 50;

/** The longest timeout that gRPC can express: 99,999,999 hours. A longer one counts as none. */
const MAX_TIMEOUT_MS = 99_999_999 * 60 * 60 * 1000;

/** Whether a call that is cancelled now was cancelled by its deadline. */
export function isPast(deadline: Date | undefined): boolean {
  return deadline !== undefined && asyncScheduler.now() >= deadline.getTime() - PEER_SLACK_MS;
}

/**
 * Calls back at the deadline, however far away it is. Returns a function that stops the timer. The timer of grpc-js does not
 * replace it: grpc-js reports the deadline only when it can write the status, and a peer that does not read prevents that.
 */
export function startDeadline(deadline: Date | undefined, passed: () => void): () => void {
  if (deadline === undefined) return nothing;
  let timer: Subscription;
  const wait = (): void => {
    // RxJS's clock, so that a TestScheduler can control it.
    const leftMs = Math.max(0, deadline.getTime() - asyncScheduler.now());
    timer =
      leftMs > MAX_TIMER_MS ? asyncScheduler.schedule(wait, MAX_TIMER_MS) : asyncScheduler.schedule(passed, leftMs);
  };
  wait();
  return () => timer.unsubscribe();
}

const nothing = (): void => {};

/** The time at which a call ends at the latest, in milliseconds since the epoch; Infinity without a deadline. */
export function endOf({ deadline, timeoutMs = Number.POSITIVE_INFINITY, parent }: CallOptions): number {
  return Math.min(
    deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    asyncScheduler.now() + timeoutMs,
    parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
  );
}

/**
 * The deadline to give to grpc-js, in milliseconds since the epoch. A deadline more than 99,999,999 hours away counts as none:
 * gRPC cannot express it, and grpc-js throws where nothing catches the error.
 */
export function earliestDeadline(options: CallOptions): number | undefined {
  const { deadline, timeoutMs, parent } = options;
  if (deadline === undefined && timeoutMs === undefined && parent?.deadline === undefined) return undefined;
  const now = asyncScheduler.now();
  const end = endOf(options);
  return end - now > MAX_TIMEOUT_MS ? undefined : now + expressible(end - now);
}

/**
 * grpc-js rounds up after it has chosen the unit: 99,999,999.5 seconds become `100000000S`, whose nine digits every server
 * rejects with INTERNAL. Such a timeout is shortened, by at most a minute in three years or an hour in 190.
 */
function expressible(timeoutMs: number): number {
  for (const unitMs of [1000, 60_000]) {
    const longestMs = MAX_DIGITS * unitMs;
    if (timeoutMs > longestMs && timeoutMs < longestMs + unitMs + CONNECT_MS) return longestMs;
  }
  return timeoutMs;
}

/** The largest number in a timeout of gRPC. */
const MAX_DIGITS = 99_999_999;

/** grpc-js computes the timeout to send when it has a connection. */
const CONNECT_MS = 60_000;

/**
 * The same options with `timeoutMs` counted from now, for middleware that delays or repeats a call: the timeout covers all of it.
 * A ServerCall has its deadline already.
 */
export function fixDeadline<Call extends CallOptions | ServerCall>(call: Call): Call {
  const { timeoutMs, deadline }: CallOptions = isServerCall(call) ? {} : call;
  if (timeoutMs === undefined) return call;
  const { timeoutMs: _, ...options } = call as CallOptions;
  if (timeoutMs > MAX_TIMEOUT_MS) return options as Call;
  return { ...options, deadline: new Date(endOf({ timeoutMs, deadline })) } as Call;
}

/**
 * Corrects the status of a call that its server reset at the deadline, if the server's clock was ahead. grpc-js reports the reset
 * as CANCELLED; the server meant DEADLINE_EXCEEDED.
 */
export function atDeadline(status: StatusObject, deadline: number | undefined): StatusObject {
  const { code, details } = status;
  if (deadline === undefined || code !== (Code.CANCELLED as number) || details !== RESET_BY_PEER) return status;
  return isPast(new Date(deadline)) ? { ...status, ...deadlineExceeded } : status;
}

/** The details of grpc-js 1.14 for a reset with the code CANCEL, and for nothing else. */
const RESET_BY_PEER = 'Call cancelled';

const deadlineExceeded = { code: Code.DEADLINE_EXCEEDED as number, details: 'the deadline has passed' };
