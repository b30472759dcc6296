import type { Handler } from 'rx-grpc';
import { onBackpressureBuffer } from 'rx-grpc/operators';
import { finalize, type Observable, switchMap, takeUntil } from 'rxjs';
import type { Camera, Sighting } from '../gen/camera.ts';

/**
 * `Camera.Watch`: one feed for all. A feed cannot wait, and nobody holds it up: what one reader does not take queues for that
 * reader alone, up to a limit. What a slow reader wants of the feed, the latest or all, is for the reader to choose: here it would
 * come too late, as thousands of small messages fit into the HTTP/2 window.
 *
 * @param maxWaiting sightings that may wait for a reader, beside those in the window; at one more the reader is cut off.
 * @param onReaders told how many watch, when somebody comes or goes.
 */
export function watch(
  sighting$: Observable<Sighting>,
  maxWaiting: number,
  onReaders: (watching: number) => void,
): Handler<typeof Camera.Watch> {
  let watching = 0;
  return (request$, call) =>
    request$.pipe(
      switchMap(() => {
        call.sendHeaders({});
        onReaders(++watching);
        return sighting$.pipe(
          takeUntil(call.draining$),
          onBackpressureBuffer(maxWaiting),
          finalize(() => {
            console.log('a reader is gone');
            onReaders(--watching);
          }),
        );
      }),
    );
}
