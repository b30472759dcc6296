// Ready-made middleware. The types to write your own (Middleware, compose, contextKey) are in `rx-grpc`.

export { type BearerOptions, bearer } from './middleware/bearer.ts';
export {
  type ConcurrencyLimit,
  type ConcurrencyLimitOptions,
  concurrencyLimit,
} from './middleware/concurrency-limit.ts';
export { type DeadlineOptions, deadline } from './middleware/deadline.ts';
export { type CallLine, type Logger, type LoggingOptions, type LogLevel, logging } from './middleware/logging.ts';
export { retry } from './middleware/retry.ts';
export type { RetryBudgetOptions } from './middleware/retry-budget.ts';
export type { RetryOptions } from './middleware/retry-policy.ts';
export { verifyBearer } from './middleware/verify-bearer.ts';
