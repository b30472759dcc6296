import { equal, ok } from 'node:assert/strict';
import { close } from 'rx-grpc';
import {
  catchError,
  defer,
  finalize,
  forkJoin,
  lastValueFrom,
  map,
  mergeMap,
  type Observable,
  of,
  range,
  takeUntil,
  timer,
  toArray,
} from 'rxjs';
import type { Clients, TestClient } from '../clients.ts';
import type { ClientOptions } from '../options.ts';
import { sizeOf } from './unary.ts';

/** Large unary calls, one after the other, on one connection. */
export function rpcSoak({ test }: Clients, options: ClientOptions): Promise<void> {
  return soak(() => test, noClose, options);
}

/** Large unary calls, each on a connection of its own. */
export function channelSoak({ another }: Clients, options: ClientOptions): Promise<void> {
  return soak(another, close, options);
}

async function soak(open: () => TestClient, shut: (client: TestClient) => void, options: ClientOptions): Promise<void> {
  const iterations = options.soak_iterations;
  const oneCall$ = defer(() => {
    const client = open();
    return faultOf(client, options).pipe(finalize(() => shut(client)));
  });
  const fault$ = range(0, iterations).pipe(
    mergeMap(
      () => forkJoin([oneCall$, timer(options.soak_min_time_ms_between_rpcs)]).pipe(map(([fault]) => fault)),
      options.soak_num_threads,
    ),
    takeUntil(timer(options.soak_overall_timeout_seconds * 1000)),
  );
  const ended = await lastValueFrom(fault$.pipe(toArray()));
  const faults = ended.filter(fault => fault !== undefined);
  equal(ended.length, iterations, 'calls that ended in time');
  ok(faults.length <= options.soak_max_failures, `${faults.length} calls failed: ${faults.join('; ')}`);
}

/** One call; emits what was wrong with it. */
function faultOf(test: TestClient, options: ClientOptions): Observable<string | undefined> {
  const { soak_request_size, soak_response_size, soak_per_iteration_max_acceptable_latency_ms: maxMs } = options;
  return defer(() => {
    const start = performance.now();
    return sizeOf(test, soak_request_size, soak_response_size).pipe(
      map(size => {
        const ms = performance.now() - start;
        if (size !== soak_response_size) return `a response of ${size} bytes`;
        return ms > maxMs ? `${Math.round(ms)} ms` : undefined;
      }),
      catchError((error: unknown) => of(String(error))),
    );
  });
}

const noClose = (): void => {};
