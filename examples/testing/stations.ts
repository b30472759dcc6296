import { Code, type Implementation, RpcError } from 'rx-grpc';
import { mergeMap } from 'rx-grpc/operators';
import { filter, reduce, type Subject, takeUntil, tap } from 'rxjs';
import type { Reading, Stations, Summary } from '../gen/stations.ts';
import { alerts } from './alerts.ts';

/** The service, over one feed of the readings of all stations. */
export function stations(feed$: Subject<Reading>): Implementation<typeof Stations> {
  return {
    report: (reading$, call) =>
      reading$.pipe(
        tap(check),
        tap(reading => feed$.next(reading)),
        reduce<Reading, Summary>(
          ({ readings, strongest }, { wind }) => ({ readings: readings + 1, strongest: Math.max(strongest, wind) }),
          { readings: 0, strongest: 0 },
        ),
        tap(({ readings }) => call.trailers.set('readings', String(readings))),
      ),

    watch: (request$, call) =>
      request$.pipe(
        tap(({ station }) => call.sendHeaders({ station })),
        mergeMap(({ station }) =>
          alerts(station, feed$.pipe(filter(reading => reading.station === station))).pipe(takeUntil(call.draining$)),
        ),
      ),
  };
}

function check({ station, wind }: Reading): void {
  if (wind >= 0) return;
  throw new RpcError(Code.INVALID_ARGUMENT, `${station}: no wind is ${wind} m/s`, { metadata: { station } });
}
