import type { MonoTypeOperatorFunction } from 'rxjs';
import { derived } from './derived.ts';
import { Stage } from './stage.ts';

/**
 * For the shapes that have one message in a direction: the one value, given on when the source completes, so that nobody
 * acts on it before it is certain to be the only one. No value, or a second one, is the given error.
 */
export function single<T>(violation: (values: 'none' | 'more') => unknown): MonoTypeOperatorFunction<T> {
  return source =>
    derived(source, subscriber => {
      let held: { readonly value: T } | undefined;
      source.subscribe(
        new Stage<T>(
          {
            next: value => {
              if (held !== undefined) subscriber.error(violation('more'));
              else held = { value };
            },
            error: error => subscriber.error(error),
            complete: () => {
              if (held === undefined) return subscriber.error(violation('none'));
              subscriber.next(held.value);
              subscriber.complete();
            },
          },
          undefined,
          subscriber,
        ),
      );
    });
}
