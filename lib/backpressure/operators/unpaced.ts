import type { Observable } from 'rxjs';
import { Stage } from '../paced-subscriber.ts';
import { derived } from '../with-source.ts';

/**
 * Takes a source out of the chain of Demand: it runs as fast as it can, whatever stands below. For a notifier that must
 * be heard while the data waits (`takeUntil(unpaced(stop$))`), or a source that feeds what it would wait for.
 */
export function unpaced<T>(source$: Observable<T>): Observable<T> {
  return derived(source$, output => {
    const stage = new Stage<T>({
      next: value => output.next(value),
      error: error => output.error(error),
      complete: () => output.complete(),
    });
    output.add(stage);
    source$.subscribe(stage);
  });
}
