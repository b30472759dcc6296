import type { Observable } from 'rxjs';
import { captureContext } from '../core/async-context.ts';
import { derived } from './derived.ts';
import { Stage } from './stage.ts';

/** What many subscribe to and somebody else makes emit: each of them hears it in the async context that it subscribed in. */
export function inOwnContext<T>(source$: Observable<T>): Observable<T> {
  return derived(source$, output => {
    const inContext = captureContext();
    if (inContext === undefined) source$.subscribe(output);
    else {
      source$.subscribe(
        new Stage<T>(
          {
            next: value => inContext(() => output.next(value)),
            error: error => inContext(() => output.error(error)),
            complete: () => inContext(() => output.complete()),
          },
          undefined,
          output,
        ),
      );
    }
  });
}
