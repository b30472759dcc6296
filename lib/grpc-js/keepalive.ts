import { checkBoolean, checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';

/** Pings of HTTP/2, by which a connection that has died without a word is found out; its calls then end. */
export interface ServerKeepalive {
  /**
   * Milliseconds from one answered ping to the next, whether anything else moves or not; a second or more on a server (default: a
   * minute), ten or more on a client (default: 5 minutes, and less only where the server allows it).
   */
  readonly timeMs?: number | undefined;
  /**
   * Milliseconds to wait for the answer; a second or more, and more than this process ever blocks. Default: 20 seconds. Then
   * the connection is closed: a client's calls end with UNAVAILABLE, a server's are cancelled.
   */
  readonly timeoutMs?: number | undefined;
}

export interface ClientKeepalive extends ServerKeepalive {
  /** Pings while there is no call, too, where the server allows that. Default: false; a call after a pause then begins with a ping. */
  readonly withoutCalls?: boolean | undefined;
}

/** Floors and defaults of gRFC A8 (client) and A9 (server; its default of 2 hours finds nothing out in time). */
const sides: Readonly<Record<'connect' | 'serve', Side>> = {
  connect: { minTimeMs: 10_000, timeMs: 5 * 60_000, options: ['timeMs', 'timeoutMs', 'withoutCalls'] },
  serve: { minTimeMs: 1000, timeMs: 60_000, options: ['timeMs', 'timeoutMs'] },
};
interface Side {
  readonly minTimeMs: number;
  readonly timeMs: number;
  readonly options: readonly string[];
}

const MIN_TIMEOUT_MS = 1000;
const TIMEOUT_MS = 20_000;

const TIME = 'grpc.keepalive_time_ms';
const TIMEOUT = 'grpc.keepalive_timeout_ms';
const WITHOUT_CALLS = 'grpc.keepalive_permit_without_calls';

/**
 * Options of grpc-js, with these among them.
 *
 * @throws TypeError, RangeError when something is of the wrong kind, too small, or said twice.
 */
export function withKeepalive<O extends object>(
  apiName: 'connect' | 'serve',
  keepalive: ClientKeepalive | undefined,
  options: O | undefined,
): O | undefined {
  if (keepalive === undefined) return options;
  const side = sides[apiName];
  checkOptions(`${apiName}: keepalive`, keepalive, side.options);
  const { timeMs = side.timeMs, timeoutMs = TIMEOUT_MS, withoutCalls = false } = keepalive;
  checkMs(apiName, 'timeMs', timeMs, side.minTimeMs);
  checkMs(apiName, 'timeoutMs', timeoutMs, MIN_TIMEOUT_MS);
  checkBoolean(apiName, 'keepalive.withoutCalls', withoutCalls);
  for (const name of [TIME, TIMEOUT, WITHOUT_CALLS]) {
    if (options !== undefined && name in options)
      throw new TypeError(`${apiName}: give keepalive or '${name}', not both`);
  }
  return { ...options, [TIME]: timeMs, [TIMEOUT]: timeoutMs, [WITHOUT_CALLS]: withoutCalls ? 1 : 0 } as O;
}

function checkMs(apiName: string, name: string, value: unknown, from: number): void {
  if (typeof value === 'number' && value >= from && value <= MAX_TIMER_MS) return;
  const expected = `from ${from} to ${MAX_TIMER_MS} milliseconds`;
  throw new RangeError(`${apiName}: expected keepalive.${name} to be ${expected}, got ${kindOf(value)}`);
}
