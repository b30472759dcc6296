import type { Observable } from 'rxjs';
import { PacedSubscriber, withSource } from '../rxjs-internals.ts';

/**
 * Takes a source out of the chain of Demand: it runs as fast as it can, whatever the stages below can take. Use it for
 * a notifier that must arrive while the data waits (`takeUntil(unpaced(stop$))`), or for a source that feeds the stage
 * that it would wait for.
 */
export function unpaced<T>(source$: Observable<T>): Observable<T> {
  return withSource(source$, output => {
    const stage = new PacedSubscriber<T>({
      next: value => output.next(value),
      error: error => output.error(error),
      complete: () => output.complete(),
    });
    output.add(stage);
    source$.subscribe(stage);
  });
}
