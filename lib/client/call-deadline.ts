import type { StatusObject } from '@grpc/grpc-js';
import { asyncScheduler } from 'rxjs';
import { isPast, MAX_TIMEOUT_MS } from '../core/deadline.ts';
import { Code } from '../core/rpc-error.ts';
import type { CallOptions } from '../core/service.ts';

/** A reader who is not full is told of the deadline by grpc-js first, after all that came before it. */
export const DEADLINE_SLACK_MS = 50;

/** The largest number in a timeout that gRPC can write. */
const MAX_DIGITS = 99_999_999;

/** grpc-js computes the timeout that it sends when the connection is there. */
const CONNECT_MS = 60_000;

/**
 * The earliest deadline, in milliseconds since the epoch. One more than 99,999,999 hours away counts as none: gRPC cannot write it,
 * and grpc-js throws where nobody catches.
 */
export function earliestDeadline({ deadline, timeoutMs, parent }: CallOptions): number | undefined {
  if (deadline === undefined && timeoutMs === undefined && parent?.deadline === undefined) return undefined;
  const now = asyncScheduler.now();
  const earliest = Math.min(
    deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    now + (timeoutMs ?? Number.POSITIVE_INFINITY),
    parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  return earliest - now > MAX_TIMEOUT_MS ? undefined : now + sendable(earliest - now);
}

/**
 * grpc-js rounds up after it has chosen the unit: of 99,999,999.5 seconds it makes `100000000S`, which has nine digits and is
 * INTERNAL for every server. Such a timeout is shortened, by a minute of three years or by an hour of 190.
 */
function sendable(timeoutMs: number): number {
  for (const unitMs of [1000, 60_000]) {
    const longestMs = MAX_DIGITS * unitMs;
    if (timeoutMs > longestMs && timeoutMs < longestMs + unitMs + CONNECT_MS) return longestMs;
  }
  return timeoutMs;
}

/**
 * A server that resets the call at its deadline may be faster than our own clock: what grpc-js makes of the reset, CANCELLED, is
 * what the server's clock meant by DEADLINE_EXCEEDED.
 */
export function atDeadline(status: StatusObject, deadline: number | undefined): StatusObject {
  const { code, details } = status;
  if (deadline === undefined || code !== (Code.CANCELLED as number) || details !== RESET_BY_PEER) return status;
  return isPast(new Date(deadline)) ? { ...status, ...deadlineExceeded } : status;
}

/** The text of grpc-js 1.14 for a reset with the code CANCEL, and for nothing else. */
const RESET_BY_PEER = 'Call cancelled';

const deadlineExceeded = { code: Code.DEADLINE_EXCEEDED as number, details: 'the deadline has passed' };
