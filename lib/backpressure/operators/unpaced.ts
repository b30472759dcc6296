import type { Observable } from 'rxjs';
import { PacedSubscriber, withSource } from '../rxjs-internals.ts';

/**
 * Takes a source out of the chain of Demand: it runs as fast as it can, whatever stands below. For a notifier that must
 * be heard while the data waits (`takeUntil(unpaced(stop$))`), or a source that feeds what it would wait for.
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
