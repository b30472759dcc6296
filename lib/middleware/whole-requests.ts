import type { MonoTypeOperatorFunction } from 'rxjs';
import { refusal } from '../backpressure/one-shot.ts';
import { operator } from '../backpressure/operators/operator.ts';

/**
 * For the request$ of attempt after attempt: one that completes with fewer values than were taken of it before refuses instead.
 * It was read once and had the rest, or nothing, left (`from` of an iterator or a stream): completed, it would stand for an
 * upload that is whole.
 */
export function wholeRequests<I>(): MonoTypeOperatorFunction<I> {
  let most = 0;
  let hasEnded = false;
  let first: I | undefined;
  return operator(output => {
    let count = 0;
    let isOther = false;
    return {
      next: request => {
        if (most === 0) first = request;
        if (++count === 1) isOther = request !== first;
        most = Math.max(most, count);
        output.next(request);
      },
      complete: () => {
        // The iterator of an earlier attempt that still waits lets a later one have a single value, and the end.
        const isRest = count === 1 && isOther && !hasEnded;
        if (count < most || isRest) output.error(refusal(new TypeError(NOT_WHOLE)));
        else {
          hasEnded = true;
          output.complete();
        }
      },
    };
  });
}

const NOT_WHOLE =
  'retry: request$ completed without all that was taken of it before. ' +
  'What can be read only once (from(an iterator or stream)) is opened anew by pull(() => open())';
