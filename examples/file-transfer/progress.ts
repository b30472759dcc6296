import { distinctUntilChanged, map, type OperatorFunction } from 'rxjs';
import type { Received } from './service.ts';

/** A line for each tenth of a file, and one for its end. */
export function progress(more: () => string = () => ''): OperatorFunction<Received, string> {
  return received$ =>
    received$.pipe(
      map(({ bytes, of, complete }, index) => {
        if (complete) return `complete: ${of} bytes${more()}`;
        if (index === 0 && bytes > 0) return `goes on after ${bytes} bytes`;
        return `${Math.floor((Number(bytes) * 10) / (Number(of) || 1)) * 10} %`;
      }),
      distinctUntilChanged(),
    );
}
