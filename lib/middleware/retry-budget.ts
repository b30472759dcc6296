import { checkOptions, kindOf } from '../core/validate.ts';

/**
 * Limits retries while many calls fail. The budget starts with `maxTokens`. An attempt that fails with a retryable
 * code, or with a pushback against retries, takes one token; a successful call returns `tokenRatio`. While half of the
 * tokens or fewer are left, no call is retried.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export interface RetryBudgetOptions {
  /** More than 0. */
  readonly maxTokens: number;
  /** More than 0. With 0.1, ten successful calls pay for one retry. */
  readonly tokenRatio: number;
}

export class RetryBudget {
  readonly #maxTokens: number;
  readonly #tokenRatio: number;
  #tokens: number;

  /** @throws RangeError when an option is not more than 0. */
  constructor(options: RetryBudgetOptions) {
    checkOptions('retry: budget', options, ['maxTokens', 'tokenRatio']);
    for (const name of ['maxTokens', 'tokenRatio'] as const) {
      if (typeof options[name] === 'number' && options[name] > 0) continue;
      throw new RangeError(`retry: expected budget.${name} to be more than 0, got ${kindOf(options[name])}`);
    }
    this.#tokens = this.#maxTokens = options.maxTokens;
    this.#tokenRatio = options.tokenRatio;
  }

  get isSpent(): boolean {
    return this.#tokens <= this.#maxTokens / 2;
  }

  failed(): void {
    this.#tokens = Math.max(this.#tokens - 1, 0);
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + this.#tokenRatio, this.#maxTokens);
  }
}
