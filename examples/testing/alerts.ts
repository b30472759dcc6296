import { share } from 'rx-grpc/operators';
import { filter, map, merge, type Observable, startWith, switchMap, throttleTime, timer } from 'rxjs';
import { type Alert, Alert_Kind, type Reading } from '../gen/stations.ts';

/** Metres per second; Beaufort 10. */
const GUST = 24.5;
/** Of several gusts within a minute the first is told of. */
const GUST_PAUSE_MS = 60_000;
const SILENCE_MS = 30_000;

/** What is out of the ordinary in the readings of one station, and in their absence. */
export function alerts(station: string, reading$: Observable<Reading>): Observable<Alert> {
  const shared$ = reading$.pipe(share());
  const gust$ = shared$.pipe(
    filter(({ wind }) => wind >= GUST),
    throttleTime(GUST_PAUSE_MS),
    map(() => ({ station, kind: Alert_Kind.GUST })),
  );
  const silent$ = shared$.pipe(
    startWith(undefined),
    switchMap(() => timer(SILENCE_MS)),
    map(() => ({ station, kind: Alert_Kind.SILENT })),
  );
  return merge(gust$, silent$);
}
