import { setTimeout as sleep } from 'node:timers/promises';
import { type Bound, Code, implement, RpcError, type ServerCall, type ServerMiddleware } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { last, map, type Observable, take, throwError } from 'rxjs';
import { type Services, zeros } from '../messages.ts';
import { END, type End, OFFSET } from './experiment.ts';

const FIRST_RESPONSES = 3;

/** The interop test service, of which a call does what its metadata say. `HalfDuplexCall` is left out. */
export function edgesService(service: Services['TestService']): Bound {
  return implement.partial(service, {
    unaryCall: (request$, call) => request$.pipe(concatMap(() => (isLate(call) ? late(call) : timeLeft(call)))),

    streamingOutputCall: (request$, call) => request$.pipe(concatMap(() => lateStream(call))),

    streamingInputCall: (request$, call) =>
      isLate(call)
        ? request$.pipe(
            last(),
            concatMap(() => late(call)),
            map(() => ({})),
          )
        : endEarly(request$, call).pipe(map(() => ({}))),

    fullDuplexCall: (request$, call) =>
      isLate(call) ? request$.pipe(concatMap(() => lateStream(call))) : endEarly(request$, call),
  });
}

/** Refuses the calls that ask for it before their handlers begin. */
export const refuse: ServerMiddleware = rpc => (request$, call) =>
  endOf(call) === 'refused' ? throwError(() => new RpcError(Code.UNAUTHENTICATED, 'refused')) : rpc(request$, call);

function isLate({ metadata }: ServerCall): boolean {
  return metadata.get(OFFSET).length > 0;
}

function endOf({ metadata }: ServerCall): End | undefined {
  return metadata.get(END)[0] as End | undefined;
}

/** One response, this near to the deadline. */
async function late({ deadline, metadata }: ServerCall) {
  const offsetMs = Number(metadata.get(OFFSET)[0]);
  await sleep(Math.max(0, deadline!.getTime() + offsetMs - Date.now()));
  return { payload: zeros(1) };
}

async function* lateStream(call: ServerCall) {
  for (let i = 0; i < FIRST_RESPONSES; i++) yield { payload: zeros(1) };
  yield late(call);
}

/** The milliseconds that the caller waits, in words; none without a deadline. */
async function timeLeft({ deadline }: ServerCall) {
  const text = deadline === undefined ? '' : String(deadline.getTime() - Date.now());
  return { payload: { body: Buffer.from(text) } };
}

function endEarly<T>(request$: Observable<T>, call: ServerCall) {
  return request$.pipe(
    map(() => {
      if (endOf(call) === 'aborted') throw new RpcError(Code.ABORTED, 'enough');
      return { payload: zeros(1) };
    }),
    take(1),
  );
}
