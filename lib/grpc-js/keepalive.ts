import { checkBoolean, checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';

/** HTTP/2 pings that detect a connection whose peer is gone, and end its calls. */
export interface ServerKeepalive {
  /**
   * Milliseconds from one answered ping to the next, with or without other traffic. On a server from 1000; default:
   * 60,000. On a client from 10,000; default: 300,000. A client may set less than the default only where its server
   * allows it.
   */
  readonly timeMs?: number | undefined;
  /**
   * Milliseconds to wait for the answer to a ping, from 1000; set more than this process ever blocks. Default: 20,000.
   *
   * After that, the connection is closed: a client's calls end with UNAVAILABLE, and a server's calls are cancelled.
   */
  readonly timeoutMs?: number | undefined;
}

export interface ClientKeepalive extends ServerKeepalive {
  /**
   * Whether to ping while there is no call. The server must allow it. Default: false; the first call after a pause then
   * starts with a ping.
   */
  readonly withoutCalls?: boolean | undefined;
}

/**
 * Minimums and defaults. Sources: gRFC A8 for clients, gRFC A9 for servers, except its default of 2 hours, which
 * detects nothing in time.
 */
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
 * Adds the keepalive to options of grpc-js.
 *
 * @throws TypeError, RangeError when a value has the wrong type, is too small, or is given twice.
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
