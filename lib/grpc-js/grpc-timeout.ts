import { Code } from '../core/status.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServerCall } from './private.ts';

/** The longest delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Honours every timeout that `grpc-timeout` can express.
 *
 * Problem: grpc-js converts the milliseconds in `grpc-timeout` to a 32-bit number. A timeout of 25 to 49 days becomes
 * negative, so the call ends at once; one of 50 days becomes 8 hours. A Node timer with a delay above 2^31 - 1 ms also
 * fires at once. Upstream: none found.
 * Fix: the deadline is computed without truncation, and the timer is restarted until the deadline has passed. {@link
 * onlyGrpc} refuses an ill-formed timeout.
 * Remove it when spec/grpc-js/grpc-timeout.spec.ts passes without it.
 */
export const farDeadlines: Patch = {
  name: 'grpc-timeout',
  without: 'a call with a deadline more than 24 days away may end at once, or too early',
  shape: {
    serverCall: {
      methods: { handleTimeoutHeader: 1, sendStatus: 1 },
      properties: ['deadline', 'deadlineTimer', 'handler', 'deserialize'],
    },
  },
  apply: ({ serverCall }) => keepDeadlines(serverCall),
};

function keepDeadlines(proto: PrivateServerCall): void {
  const { handleTimeoutHeader } = proto;
  proto.handleTimeoutHeader = function (this: PrivateServerCall, header: string): void {
    const timeoutMs = isOurs(this.handler) ? parseTimeout(header) : undefined;
    if (timeoutMs === undefined) {
      handleTimeoutHeader.call(this, header);
      return;
    }
    this.deadline = Date.now() + timeoutMs;
    startTimer(this, timeoutMs);
  };
}

function startTimer(call: PrivateServerCall, leftMs: number): void {
  const waitMs = Math.min(leftMs, MAX_TIMER_MS);
  call.deadlineTimer = setTimeout(() => {
    if (leftMs > waitMs) startTimer(call, leftMs - waitMs);
    else call.sendStatus({ code: Code.DEADLINE_EXCEEDED as number, details: 'Deadline exceeded', metadata: null });
  }, waitMs);
}

/** Converts a value in each unit to milliseconds. */
const units: Readonly<Record<string, (value: number) => number>> = {
  H: value => value * 3_600_000,
  M: value => value * 60_000,
  S: value => value * 1000,
  m: value => value,
  u: value => value / 1000,
  n: value => value / 1_000_000,
};

/**
 * Parses a `grpc-timeout` to whole milliseconds, rounded up. Returns undefined unless it is one to eight digits and a
 * unit.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Timeout")
 */
export function parseTimeout(header: string): number | undefined {
  const [, value, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  return unit === undefined ? undefined : Math.ceil(units[unit]!(Number(value)));
}
