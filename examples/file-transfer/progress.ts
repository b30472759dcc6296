import { distinctUntilChanged, map, type OperatorFunction } from 'rxjs';
import type { Received } from '../gen/files.ts';

/** A line for each tenth of a file, and one for its end. */
export function progress(more: () => string = () => ''): OperatorFunction<Received, string> {
  return received$ =>
    received$.pipe(
      map(({ bytes, of, complete }, index) => {
        if (complete) return `complete: ${of} bytes${more()}`;
        if (index === 0 && bytes > 0) return `goes on after ${bytes} bytes`;
        return `${((bytes * 10n) / (of || 1n)) * 10n} %`;
      }),
      distinctUntilChanged(),
    );
}
