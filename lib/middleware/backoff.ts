import { retryDelayMs } from '../core/error-details.ts';
import type { RpcErrorLike } from '../core/rpc-error.ts';
import { MAX_TIMER_MS } from '../core/validate.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** Of each wait, in both directions. */
const JITTER = 0.2;

/**
 * How long to wait before each attempt: exponentially longer, until the server says how long.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#exponential-backoff
 */
export class Backoff {
  readonly #policy: RetryPolicy<any, any>;
  #waits = 0;

  constructor(policy: RetryPolicy<any, any>) {
    this.#policy = policy;
  }

  /** The next wait is as long as the first. */
  reset(): void {
    this.#waits = 0;
  }

  /** Milliseconds. A pushback is the wait, and the wait after it as long as the first; a RetryInfo is the least. */
  next(error: RpcErrorLike, pushbackMs: number | undefined): number {
    if (pushbackMs !== undefined) {
      this.reset();
      return pushbackMs;
    }
    const { initialBackoffMs, maxBackoffMs, backoffMultiplier, random } = this.#policy;
    const backoffMs = Math.min(initialBackoffMs * backoffMultiplier ** this.#waits++, maxBackoffMs);
    const jitteredMs = Math.round(backoffMs * (1 - JITTER + 2 * JITTER * random()));
    return Math.min(Math.max(jitteredMs, Math.ceil(retryDelayMs(error) ?? 0)), MAX_TIMER_MS);
  }
}

/**
 * What a server that has enough says in its trailers: wait so many milliseconds, or do not come again.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
 */
export function pushbackOf({ metadata }: RpcErrorLike): number | 'never' | undefined {
  const [pushback] = metadata.get('grpc-retry-pushback-ms');
  if (pushback === undefined) return undefined;
  const ms = /^(0|[1-9]\d*)$/.test(String(pushback)) ? Number(pushback) : Number.POSITIVE_INFINITY;
  return ms <= MAX_TIMER_MS ? ms : 'never';
}
