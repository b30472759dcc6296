import { Code, type Implementation, RpcError } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { asyncScheduler, endWith, ignoreElements, map, type SchedulerLike, take, timer } from 'rxjs';
import type { StreamPoint, StreamRequest, StreamService } from './gen/stream-service.ts';

/**
 * The three streaming shapes, all of one form: requests in, responses out.
 *
 * @param paceMs from one response of List to the next, and for each request of Record.
 * @param scheduler another clock, for tests.
 */
export function points(
  paceMs: number,
  scheduler: SchedulerLike = asyncScheduler,
): Implementation<typeof StreamService> {
  return {
    // One request, many responses.
    list: request$ =>
      request$.pipe(
        map(pointOf),
        concatMap(({ name, value }) =>
          timer(0, paceMs, scheduler).pipe(
            take(7),
            map(n => ({ pt: { name, value: int32(value + n) } })),
          ),
        ),
      ),

    // Many requests, one response. While one is at work no other is asked for, so the client waits.
    record: request$ =>
      request$.pipe(
        map(pointOf),
        concatMap(() => timer(paceMs, scheduler)),
        ignoreElements(),
        endWith({ pt: { name: 'gRPC Stream Server: Record', value: 1 } }),
      ),

    // Many requests, and a response for each.
    route: request$ =>
      request$.pipe(
        map(pointOf),
        map((_, n) => ({ pt: { name: 'gRPC Stream Server: Route', value: n } })),
      ),
  };
}

function pointOf({ pt }: StreamRequest): StreamPoint {
  if (pt === undefined) throw new RpcError(Code.INVALID_ARGUMENT, 'a request needs a pt');
  return pt;
}

/** Behind the greatest number comes the least, as in Go. */
function int32(value: number): number {
  return value | 0;
}
