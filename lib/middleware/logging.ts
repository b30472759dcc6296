import { asyncScheduler, defer, Observable, tap } from 'rxjs';
import type { Middleware } from '../compose.ts';
import { type CallOptions, checkOptions, kindOf } from '../rpc.ts';
import { isServerCall, onCancelled, type ParentCall, type ServerCall } from '../server-call.ts';
import { Code, codeName, isRpcError, type RpcError, statusToSend } from '../status.ts';
import { hasCause, printableError } from './printable-error.ts';

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
  /** Messages of request$ that passed. */
  readonly requests: number;
  /** Messages of response$ that passed. */
  readonly responses: number;
  /** The caller's address, on a server. */
  readonly peer?: string;
  /**
   * On level `error` and `warn`, and wherever there is a cause: what the call ended with, as a copy that can be written as JSON:
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
  const { logger, level = levelOf, message = 'rpc' } = check(options);

  const log = (line: CallLine, error: unknown): void => {
    try {
      const at = level(line);
      const isShown = error !== undefined && (at !== 'info' || hasCause(error));
      logger[at](isShown ? { ...line, err: printableError(error) } : line, message);
    } catch {
      // The call is not the logger's.
    }
  };

  return (rpc, { path }) =>
    (request$, call) =>
      new Observable(output => {
        const startedAt = asyncScheduler.now();
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
          log(line, error ?? reason);
        };

        const counted$ = request$.pipe(tap(() => requests++));
        defer(() => rpc(counted$, call))
          .pipe(
            tap({
              next: () => responses++,
              complete: () => end('OK'),
              error: error => end(codeOf(error, call), error),
            }),
          )
          .subscribe(output);
        output.add(() => end('CANCELLED'));
      });
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
  checkOptions('logging', options, ['logger', 'level', 'message']);
  const { logger, level, message } = options;
  for (const name of ['info', 'warn', 'error'] as const) {
    if (typeof logger?.[name] === 'function') continue;
    throw new TypeError(`logging: expected logger to have the function "${name}", got ${kindOf(logger)}`);
  }
  if (level !== undefined && typeof level !== 'function') {
    throw new TypeError(`logging: expected level to be a function, got ${kindOf(level)}`);
  }
  if (message !== undefined && typeof message !== 'string') {
    throw new TypeError(`logging: expected message to be a text, got ${kindOf(message)}`);
  }
  return options;
}
