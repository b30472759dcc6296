import { types } from 'node:util';
import { asyncScheduler, defer, type MonoTypeOperatorFunction, Observable, tap } from 'rxjs';
import { operator } from '../backpressure/operators/operator.ts';
import { captureContext } from '../core/async-context.ts';
import type { CallOptions } from '../core/call-options.ts';
import { statusToSend } from '../core/error-status.ts';
import type { Middleware } from '../core/middleware.ts';
import { extrasOf, isRpcError, type RpcError } from '../core/rpc-error.ts';
import { isServerCall, onCancelled, type ParentCall, type ServerCall } from '../core/server-call.ts';
import { Code, codeName } from '../core/status.ts';
import { checkOptions, isPlainObject, kindOf } from '../core/validate.ts';

export type LogLevel = 'info' | 'warn' | 'error';

/** Writes the lines: a logger of pino, `console`, or any object with these three methods. */
export type Logger = { readonly [level in LogLevel]: (line: CallLine, message: string) => void };

/** The log line of a call. It contains no messages and no metadata values. */
export interface CallLine {
  /** `/package.Service/Method` */
  readonly method: string;
  readonly side: 'client' | 'server';
  /** The name of the status: `OK`, `NOT_FOUND` ... */
  readonly code: string;
  readonly durationMs: number;
  /** The number of messages of request$. If request$ was subscribed to several times, by a retry, the highest count. */
  readonly requests: number;
  /** The number of messages of response$. */
  readonly responses: number;
  /** The caller's address, on a server. */
  readonly peer?: string;
  /**
   * The error that the call ended with, as a copy that can be written as JSON: its name, message, fields that are
   * strings, numbers or booleans (`code`, `codeName`, `details`, `path`), rich details, metadata keys and cause.
   *
   * Present on the levels `error` and `warn`. On `info`, present only if the error has a cause and the call was not
   * just unsubscribed from or aborted.
   */
  readonly err?: unknown;
}

export interface LoggingOptions {
  readonly logger: Logger;
  /**
   * The level of a line. Default: `error` for UNKNOWN, INTERNAL and DATA_LOSS, `warn` for UNAVAILABLE,
   * DEADLINE_EXCEEDED and RESOURCE_EXHAUSTED, `info` for all others.
   */
  readonly level?: ((line: CallLine) => LogLevel) | undefined;
  /** The text of each line. Default: `rpc`. */
  readonly message?: string | undefined;
  /**
   * Returns more fields for the line, a request id for instance. It is called once for each call, when the call ends,
   * in the async context in which the call began. Its argument is the call as this middleware got it: a {@link
   * ServerCall} on a server, the options on a client. It cannot replace the fields of {@link CallLine}.
   *
   * If it throws, or returns anything but a plain object or undefined, the line is written without the fields and with
   * the reason as `fieldsErr`. Default: none.
   */
  readonly fields?:
    | ((call: CallOptions | ServerCall, line: CallLine) => Readonly<Record<string, unknown>> | undefined)
    | undefined;
}

/**
 * Writes one line for each call when the call completes, fails or is unsubscribed from, which is CANCELLED. On a
 * server, an aborted call has the reason of the abort as its code, whatever its handler returned.
 *
 * Failures after a server's middleware (a response that cannot be sent, a second response to a unary call) are not
 * visible here: the line says OK or CANCELLED.
 *
 * An error that the logger throws is ignored and does not affect the call. Nothing is buffered.
 *
 * @throws TypeError when the logger lacks a level, or an option has the wrong type.
 */
export function logging(options: LoggingOptions): Middleware {
  const { logger, level = levelOf, message = 'rpc', fields } = check(options);

  const log = (line: CallLine, more: object | undefined, error: unknown, isUnwanted: boolean): void => {
    try {
      const at = level(line);
      const isShown = error !== undefined && (at !== 'info' || (hasCause(error) && !isUnwanted));
      logger[at]({ ...more, ...line, ...(isShown && { err: printableError(error) }) }, message);
    } catch {
      // A failing logger must not fail the call.
    }
  };

  return (rpc, { path }) =>
    (request$, call) =>
      new Observable(output => {
        const startedAt = asyncScheduler.now();
        const inContext = fields && captureContext();
        const caller = isServerCall(call)
          ? ({ side: 'server', peer: call.peer } as const)
          : ({ side: 'client' } as const);
        let requests = 0;
        let responses = 0;
        let hasEnded = false;

        const end = (code: string, error?: unknown): void => {
          if (hasEnded) return;
          hasEnded = true;
          const reason = isServerCall(call) ? whyCutShort(call) : undefined;
          const durationMs = asyncScheduler.now() - startedAt;
          const line = { method: path, ...caller, code: reason?.codeName ?? code, durationMs, requests, responses };
          const more = fields && moreFields(() => fields(call, line), inContext);
          log(line, more, error ?? reason, line.code === CANCELLED && (reason !== undefined || isUnwanted(error)));
        };

        const counted$ = count(most => {
          requests = Math.max(requests, most);
        });
        defer(() => rpc(request$.pipe(counted$), call))
          .pipe(
            tap({
              next: () => responses++,
              complete: () => end('OK'),
              error: error => end(codeOf(error, call), error),
            }),
          )
          .subscribe(output);
        output.add(() => end(CANCELLED));
      });
}

/** Counts the values of each subscription. */
function count<T>(counted: (values: number) => void): MonoTypeOperatorFunction<T> {
  return operator(output => {
    let values = 0;
    return {
      next: value => {
        counted(++values);
        output.next(value);
      },
    };
  });
}

function moreFields(give: () => unknown, inContext: ReturnType<typeof captureContext>): object | undefined {
  try {
    const given = inContext === undefined ? give() : inContext(give);
    if (given === undefined || isPlainObject(given)) return given;
    throw new TypeError(`logging: expected fields to return a plain object or undefined, got ${kindOf(given)}`);
  } catch (error) {
    return { fieldsErr: printableError(error) };
  }
}

const CANCELLED = codeName(Code.CANCELLED);

/**
 * Whether a call was cancelled only because it was unsubscribed from, its signal aborted, or the call on whose behalf
 * it was made has ended. The stacks of these errors explain nothing.
 */
function isUnwanted(error: unknown): boolean {
  return causesOf(error).every(cause => isRpcError(cause) || isAbort(cause));
}

function causesOf(error: unknown): readonly unknown[] {
  const causes = new Set<unknown>();
  for (let cause = error; cause !== undefined && !causes.has(cause); cause = (cause as Error | null)?.cause)
    causes.add(cause);
  return [...causes];
}

/** Whether this is the default reason of `controller.abort()`. */
function isAbort(cause: unknown): boolean {
  return (cause as Error | null)?.name === 'AbortError';
}

function levelOf({ code }: CallLine): LogLevel {
  if (code === 'UNKNOWN' || code === 'INTERNAL' || code === 'DATA_LOSS') return 'error';
  return code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED' || code === 'RESOURCE_EXHAUSTED' ? 'warn' : 'info';
}

function whyCutShort(call: ParentCall): RpcError | undefined {
  let why: RpcError | undefined;
  const undo = call[onCancelled](reason => {
    why = reason;
  });
  undo();
  return why;
}

/** The name of the call's code; on a server, of the code that the caller receives. */
function codeOf(error: unknown, call: CallOptions | ServerCall): string {
  const code = isServerCall(call) ? statusToSend(error)?.code : isRpcError(error) ? error.code : undefined;
  return codeName(code ?? Code.UNKNOWN);
}

function check(options: LoggingOptions): LoggingOptions {
  checkOptions('logging', options, ['logger', 'level', 'message', 'fields']);
  const { logger, level, message, fields } = options;
  for (const name of ['info', 'warn', 'error'] as const) {
    if (typeof logger?.[name] === 'function') continue;
    throw new TypeError(`logging: expected logger to have the function "${name}", got ${kindOf(logger)}`);
  }
  for (const [name, given] of Object.entries({ level, fields })) {
    if (given === undefined || typeof given === 'function') continue;
    throw new TypeError(`logging: expected ${name} to be a function, got ${kindOf(given)}`);
  }
  if (message !== undefined && typeof message !== 'string') {
    throw new TypeError(`logging: expected message to be a string, got ${kindOf(message)}`);
  }
  return options;
}

/** The depth of causes that are logged, which ends circular causes as well. */
const MAX_CAUSES = 5;

/**
 * An error in a form that every logger can write, as JSON as well: name, message, its fields that are strings, numbers or booleans,
 * and the same of its causes. An RpcError also has its code's name, its rich details and the keys of its metadata. Other objects are
 * left out. A value that is not an error stays as it is.
 */
function printableError(error: unknown, causes: number = MAX_CAUSES): unknown {
  if (!(error instanceof Error || types.isNativeError(error))) return error;
  const { name, message, stack } = error;
  const printable = Object.assign(Object.create(Error.prototype), { name, message }, plainFields(error));
  Object.defineProperty(printable, 'stack', { value: stack });
  if (hasCause(error) && causes > 0) printable.cause = printableError(error.cause, causes - 1);
  return printable;
}

function hasCause(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'cause' in error && error.cause !== undefined;
}

function plainFields(error: Error): object {
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
  return isRpcError(error) ? { ...fields, codeName: codeName(error.code), ...extrasOf(error.metadata) } : fields;
}
