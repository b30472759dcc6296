import type { Observable } from 'rxjs';
import { captureContext } from '../core/async-context.ts';
import { PacedSubscriber, withSource } from './rxjs-internals.ts';

/**
 * Emits to each subscriber in the async context in which it subscribed, whatever context makes the shared source emit.
 */
export function inOwnContext<T>(source$: Observable<T>): Observable<T> {
  return withSource(source$, output => {
    const inContext = captureContext();
    if (inContext === undefined) source$.subscribe(output);
    else {
      source$.subscribe(
        new PacedSubscriber<T>(
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
