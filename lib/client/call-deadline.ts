import type { StatusObject } from '@grpc/grpc-js';
import { asyncScheduler } from 'rxjs';
import { isPast } from '../deadline.ts';
import { MAX_TIMER_MS } from '../flow/stall.ts';
import type { CallOptions } from '../rpc.ts';
import { Code } from '../status.ts';

/** A reader who is not full is told of the deadline by grpc-js first, after all that came before it. */
export const DEADLINE_SLACK_MS = 50;

/**
 * Deadlines that are further away count as none, as with timers of Node (24 days): a server of grpc-js would take one for
 * passed, and beyond 10^8 hours its client throws where nobody catches.
 */
export function earliestDeadline({ deadline, timeoutMs, parent }: CallOptions): number | undefined {
  if (deadline === undefined && timeoutMs === undefined && parent?.deadline === undefined) return undefined;
  const now = asyncScheduler.now();
  const earliest = Math.min(
    deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    now + (timeoutMs ?? Number.POSITIVE_INFINITY),
    parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  return earliest - now > MAX_TIMER_MS ? undefined : earliest;
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
