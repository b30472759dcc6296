import { type ClientOf, pull } from 'rx-grpc';
import { asyncScheduler, concat, map, type Observable, of, type SchedulerLike, take, timer } from 'rxjs';
import type { StreamRequest, StreamResponse, StreamService } from './gen/stream-service.ts';

/** Seven requests for each stream of them. */
const TIMES = 7;

/**
 * Calls the three streaming shapes, each when the one before has ended: a call starts when it is subscribed to, which is all
 * that `concat` needs.
 *
 * @param paceMs from one request of Route to the next.
 * @param scheduler another clock, for tests.
 */
export function threeShapes(
  service: ClientOf<typeof StreamService>,
  paceMs: number,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<string> {
  const list$ = service.list(request('List', 1234));
  const record$ = service.record(pull(Array(TIMES).fill(request('Record', 9999))));
  const route$ = timer(0, paceMs, scheduler).pipe(
    take(TIMES),
    map(() => request('Route', 1111)),
    service.route,
  );
  return concat(concat(list$, record$, route$).pipe(map(inWords)), of('Server Closed'));
}

function request(shape: string, value: number): StreamRequest {
  return { pt: { name: `gRPC Stream Client: ${shape}`, value } };
}

function inWords({ pt }: StreamResponse): string {
  return `resp: pt.name: ${pt?.name}, pt.value: ${pt?.value}`;
}
