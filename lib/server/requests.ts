import { Observable, type Subscriber } from 'rxjs';
import type { Meter } from '../flow/meter.ts';
import { markOneShot, refusal } from '../flow/one-shot.ts';
import { receive } from '../flow/receive.ts';
import { single } from '../flow/single.ts';
import { TRUNCATED, truncatedMessage } from '../grpc-js/whole-frames.ts';
import type { Method } from '../rpc.ts';
import { Code, RpcError } from '../status.ts';
import type { ServerStream } from './transport.ts';

export interface RequestOptions {
  readonly prefetch: number | undefined;
  readonly meter: Meter;
  /** The half-close can be believed at once. */
  readonly isEndCertain: boolean;
  /** The requests are not what they should be: the call cannot go on. */
  readonly violated: (error: RpcError) => void;
}

/** request$ of one call. */
export interface Requests {
  readonly request$: Observable<unknown>;
  /** The call is over: an error is told to who reads, else the reading just ends. Who subscribes later is told in any case. */
  end(error: RpcError | undefined): void;
}

export function requests(
  stream: ServerStream,
  method: Method,
  { prefetch, meter, isEndCertain, violated }: RequestOptions,
): Requests {
  const { path, requestStream } = method;
  let reader: Subscriber<unknown> | undefined;
  let isOver = false;
  let whyOver: RpcError | undefined;

  const violation = (details: string, cause?: unknown): RpcError => {
    const error = new RpcError(Code.INTERNAL, details, { path, cause });
    violated(error);
    return error;
  };

  const message$ = new Observable<unknown>(subscriber => {
    if (reader !== undefined) {
      throw refusal(
        new Error(`${path}: request$ can be subscribed to once; share() it if two parts of the handler need it`),
      );
    }
    reader = subscriber;
    if (isOver) return subscriber.error(whyOver ?? new RpcError(Code.CANCELLED, 'the call has ended', { path }));
    receive<unknown>(stream, subscriber, {
      decode: bytes => {
        if (bytes === truncatedMessage) throw truncation;
        return method.requestDeserialize(bytes);
      },
      prefetch,
      meter,
      malformed: error => {
        if (error === truncation) afterTwoTurns(() => violation(TRUNCATED));
        else violation('a request cannot be decoded', error);
      },
      end: () => {
        if (isEndCertain || (!requestStream && meter.messages > 0)) subscriber.complete();
        else afterTwoTurns(() => subscriber.complete());
      },
    });
  });

  markOneShot(message$);
  return {
    request$: requestStream
      ? message$
      : message$.pipe(
          single(values => violation(`expected one request, got ${values === 'none' ? 'none' : 'a second one'}`)),
        ),
    end: error => {
      isOver = true;
      whyOver = error;
      if (error === undefined) reader?.unsubscribe();
      else reader?.error(error);
    },
  };
}

const truncation = new Error(TRUNCATED);

/**
 * A cancelled upload first looks like one that was half-closed; that it was cancelled is known up to two turns of the event
 * loop later. Completing it at once would let its handler commit half of it.
 */
function afterTwoTurns(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
