import { Code } from '../core/status.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServerCall } from './private.ts';

/** A timer of Node cannot wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Every timeout that gRPC can write is the deadline of its call.
 *
 * Wrong: grpc-js makes a 32-bit number of the milliseconds in `grpc-timeout`. One of 25 to 49 days is negative, so the call ends at
 * once; one of 50 days is 8 hours, and a timer of Node that is given more than 2^31 - 1 ms fires at once. Upstream: none found.
 * Mended: the deadline is computed without the cut, and its timer is started again as often as it takes. A timeout that is
 * ill-formed is refused by {@link onlyGrpc}.
 * Not needed any more when spec/grpc-js/grpc-timeout.spec.ts passes without it.
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

/** How many milliseconds one unit has, or how many units a millisecond has. */
const units: Readonly<Record<string, (value: number) => number>> = {
  H: value => value * 3_600_000,
  M: value => value * 60_000,
  S: value => value * 1000,
  m: value => value,
  u: value => value / 1000,
  n: value => value / 1_000_000,
};

/**
 * The whole milliseconds of a `grpc-timeout`, rounded up; undefined when it is ill-formed. One to eight digits and a unit, by
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Timeout").
 */
export function parseTimeout(header: string): number | undefined {
  const [, value, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  return unit === undefined ? undefined : Math.ceil(units[unit]!(Number(value)));
}
