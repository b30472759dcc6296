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

/** What takes the lines: a logger of pino, `console`, or anything with these three. */
export type Logger = { readonly [level in LogLevel]: (line: CallLine, message: string) => void };

/** What is said of a call at its end. Of its messages nothing is, and of its metadata no value. */
export interface CallLine {
  /** `/package.Service/Method` */
  readonly method: string;
  readonly side: 'client' | 'server';
  /** The name of the status: `OK`, `NOT_FOUND` ... */
  readonly code: string;
  readonly durationMs: number;
  /** Messages of request$ that passed; where it was subscribed to several times, for a retry, the most of them. */
  readonly requests: number;
  /** Messages of response$ that passed. */
  readonly responses: number;
  /** The caller's address, on a server. */
  readonly peer?: string;
  /**
   * On level `error` and `warn`, and wherever there is a cause, but of a call that somebody just wanted no more of: what the call ended with, as a copy that can be written as JSON:
   * name, message, those fields that are texts, numbers or booleans (`code`, `codeName`, `details`, `path`), rich details, the keys
   * of its metadata, cause.
   */
  readonly err?: unknown;
}

export interface LoggingOptions {
  readonly logger: Logger;
  /** Default: `error` for UNKNOWN, INTERNAL and DATA_LOSS, `warn` for UNAVAILABLE, DEADLINE_EXCEEDED and RESOURCE_EXHAUSTED. */
  readonly level?: ((line: CallLine) => LogLevel) | undefined;
  /** The text of each line. Default: `rpc`. */
  readonly message?: string | undefined;
  /**
   * Gives more fields for the line, a request id for instance. It is called once for each call, when it ends, in the async context
   * in which the call began, with the call as this middleware got it: a {@link ServerCall} on a server, the options on a client.
   * The fields of {@link CallLine} cannot be replaced. When it throws, or gives what is no plain object and not undefined, the
   * line is written all the same, without them and with the reason as `fieldsErr`. Default: none.
   */
  readonly fields?:
    | ((call: CallOptions | ServerCall, line: CallLine) => Readonly<Record<string, unknown>> | undefined)
    | undefined;
}

/**
 * One line for each call, when it ends in whatever way: completed, failed, or unsubscribed from, which is CANCELLED. On a server
 * a call that was cut short has the reason as its code, whatever its handler still said. What goes wrong behind a server's
 * middleware (a response that cannot be sent, a second one where there should be one) is not seen here: OK, or CANCELLED.
 *
 * What the logger throws is dropped: it changes nothing for the call. Nothing is buffered.
 *
 * @throws TypeError when the logger lacks a level, or an option is not what it should be.
 */
export function logging(options: LoggingOptions): Middleware {
  const { logger, level = levelOf, message = 'rpc', fields } = check(options);

  const log = (line: CallLine, more: object | undefined, error: unknown, isUnwanted: boolean): void => {
    try {
      const at = level(line);
      const isShown = error !== undefined && (at !== 'info' || (hasCause(error) && !isUnwanted));
      logger[at]({ ...more, ...line, ...(isShown && { err: printableError(error) }) }, message);
    } catch {
      // The call is not the logger's.
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
    throw new TypeError(`logging: expected fields to give a plain object or undefined, got ${kindOf(given)}`);
  } catch (error) {
    return { fieldsErr: printableError(error) };
  }
}

const CANCELLED = codeName(Code.CANCELLED);

/**
 * Whether a call was cancelled because nobody wants more of it, and nothing else has happened: it was unsubscribed from, its signal
 * was aborted, or the call on whose behalf it was made has ended. The stacks of that lead nowhere.
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

/** What `controller.abort()` gives as the reason. */
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

/** On a server what its caller is told. */
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
    throw new TypeError(`logging: expected message to be a text, got ${kindOf(message)}`);
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
