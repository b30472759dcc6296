import type { Observable } from 'rxjs';
import { retryDelayMs } from '../core/error-details.ts';
import type { RpcErrorLike } from '../core/rpc-error.ts';
import { Code, codeName } from '../core/status.ts';
import { checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';
import type { RetryBudgetOptions } from './retry-budget.ts';

/** Options of `retry`, named as in gRFC A6, with units. */
export interface RetryOptions<I = any, O = any> {
  /** The most attempts of one call, including the first, from 1 (no retry) to Infinity. Default: 5. */
  readonly maxAttempts?: number | undefined;
  /** The statuses after which another attempt is made. Default: UNAVAILABLE. */
  readonly codes?: readonly Code[] | undefined;
  /** Milliseconds before the second attempt. Default: 100. */
  readonly initialBackoffMs?: number | undefined;
  /** The most milliseconds before an attempt. Default: 1000. */
  readonly maxBackoffMs?: number | undefined;
  /** The factor from one wait to the next. Default: 2. */
  readonly backoffMultiplier?: number | undefined;
  /** Stops retries while too many calls fail. All methods and calls of this `retry()` share it. Default: none. */
  readonly budget?: RetryBudgetOptions | undefined;
  /**
   * Resumes a stream that broke after responses. It gets the last response and the request$ of the call, and returns
   * the requests of the next attempt. Attempts are counted anew after each response. An error that it throws is the
   * error of the call. Default: none; such a call is not retried.
   *
   * The given request$ errors if it is read again and completes with fewer values than were taken before. Any other
   * Observable is sent as it is.
   */
  readonly resume?: ((lastResponse: O, request$: Observable<I>) => Observable<NoInfer<I>>) | undefined;
  /** Returns a number from 0 to 1 for the jitter. Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

type Tuning = Omit<RetryOptions, 'budget' | 'resume'>;

export type RetryPolicy<I, O> = Pick<RetryOptions<I, O>, 'resume'> & {
  readonly [K in keyof Tuning]-?: Exclude<Tuning[K], undefined>;
};

/** @throws TypeError, RangeError that name the option, what was expected and what came. */
export function retryPolicy<I, O>(options: RetryOptions<I, O>): RetryPolicy<I, O> {
  checkOptions('retry', options, optionNames);
  const {
    maxAttempts = 5,
    codes = [Code.UNAVAILABLE],
    initialBackoffMs = 100,
    maxBackoffMs = 1000,
    backoffMultiplier = 2,
    random = Math.random,
    resume,
  } = options;
  if (!(maxAttempts >= 1 && (Number.isInteger(maxAttempts) || maxAttempts === Number.POSITIVE_INFINITY))) {
    throw new RangeError(`retry: expected maxAttempts to be 1 or more, got ${kindOf(maxAttempts)}`);
  }
  if (!Array.isArray(codes)) throw new TypeError(`retry: expected codes to be a list, got ${kindOf(codes)}`);
  for (const code of codes) {
    if (typeof code === 'number' && code !== 0 && codeName(code) !== String(code)) continue;
    throw new RangeError(`retry: expected codes to be status codes from 1 to 16, got ${kindOf(code)}`);
  }
  checkNumber('initialBackoffMs', initialBackoffMs, MAX_TIMER_MS, ' milliseconds');
  checkNumber('maxBackoffMs', maxBackoffMs, MAX_TIMER_MS, ' milliseconds');
  checkNumber('backoffMultiplier', backoffMultiplier, Number.MAX_VALUE);
  for (const [name, given] of Object.entries({ random, resume })) {
    if (given === undefined || typeof given === 'function') continue;
    throw new TypeError(`retry: expected ${name} to be a function, got ${kindOf(given)}`);
  }
  return { maxAttempts, codes, initialBackoffMs, maxBackoffMs, backoffMultiplier, random, resume };
}

const optionNames: readonly (keyof RetryOptions)[] = [
  'maxAttempts',
  'codes',
  'initialBackoffMs',
  'maxBackoffMs',
  'backoffMultiplier',
  'budget',
  'resume',
  'random',
];

function checkNumber(name: string, value: unknown, most: number, unit = ''): void {
  if (typeof value === 'number' && value > 0 && value <= most) return;
  throw new RangeError(`retry: expected ${name} to be more than 0 and at most ${most}${unit}, got ${kindOf(value)}`);
}

/** Each wait is randomized by this fraction in both directions. */
const JITTER = 0.2;

/**
 * Computes the waits before attempts, by exponential backoff and the server's pushback.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#exponential-backoff
 */
export class Backoff {
  readonly #policy: RetryPolicy<any, any>;
  #waits = 0;

  constructor(policy: RetryPolicy<any, any>) {
    this.#policy = policy;
  }

  /** Starts again with the initial backoff. */
  reset(): void {
    this.#waits = 0;
  }

  /** The next wait in milliseconds. A pushback replaces it and resets the backoff; a RetryInfo is its minimum. */
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
 * The pushback in the trailers of an overloaded server: milliseconds to wait, or `never` to retry.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
 */
export function pushbackOf({ metadata }: RpcErrorLike): number | 'never' | undefined {
  const [pushback] = metadata.get('grpc-retry-pushback-ms');
  if (pushback === undefined) return undefined;
  const ms = /^(0|[1-9]\d*)$/.test(String(pushback)) ? Number(pushback) : Number.POSITIVE_INFINITY;
  return ms <= MAX_TIMER_MS ? ms : 'never';
}

/** Warns once for each method that retry cannot repeat its calls. */
export class ReadOnceWarning {
  readonly #warned = new Set<string>();

  warn(path: string): void {
    if (this.#warned.has(path)) return;
    this.#warned.add(path);
    process.emitWarning(
      `retry does not repeat ${path} once its requests have been read: they can be read only once (the request$ of an ` +
        'incoming call, a Subject, an iterator). Give requests that can be opened again, pull(() => open()). A gateway ' +
        'leaves the retry of such a call to its own caller. To silence this, give retry to the other methods alone: ' +
        'middleware: [{ getUser: retry() }].',
      { code: 'RX_GRPC_RETRY_OFF' },
    );
  }
}
