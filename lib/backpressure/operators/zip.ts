import {
  Observable,
  type ObservableInput,
  type OperatorFunction,
  type zip as rxZip,
  type zipWith as rxZipWith,
} from 'rxjs';
import { Gate } from '../gate.ts';
import { fromInput } from '../input.ts';
import { checkHeld } from '../overflow-error.ts';
import { RingQueue } from '../ring-queue.ts';
import { PacedSubscriber } from '../rxjs-internals.ts';

/**
 * RxJS's `zip` with backpressure: a source that can wait is asked for a value only while none of its values waits for
 * the others.
 *
 * Buffered: 1,000,000 values from a source that cannot wait (in RxJS, no bound); one more is an {@link OverflowError}.
 *
 * Sources that each take a part of the values of one shared source wait for each other for ever.
 */
export const zip: typeof rxZip = (...args: unknown[]): Observable<any> => {
  const select = typeof args.at(-1) === 'function' ? (args.pop() as (...values: unknown[]) => unknown) : undefined;
  const inputs = (args.length === 1 && Array.isArray(args[0]) ? args[0] : args) as ObservableInput<unknown>[];

  return new Observable(output => {
    if (inputs.length === 0) return output.complete();
    const lanes = inputs.map(() => {
      const values = new RingQueue<unknown>();
      return { values, gate: new Gate(() => values.size === 0), isComplete: false };
    });

    const emit = (): void => {
      if (lanes.some(({ values }) => values.size === 0)) return;
      const row = lanes.map(({ values }) => values.shift());
      output.next(select === undefined ? row : select(...row));
      if (lanes.some(({ values, isComplete }) => isComplete && values.size === 0)) output.complete();
      else for (const { gate } of lanes) gate.wake();
    };

    for (const [i, lane] of lanes.entries()) {
      if (output.closed) return;
      fromInput(inputs[i]!).subscribe(
        new PacedSubscriber<unknown>(
          {
            next: value => {
              checkHeld('zip', lane.values.size);
              lane.values.push(value);
              emit();
            },
            error: error => output.error(error),
            complete: () => {
              lane.isComplete = true;
              if (lane.values.size === 0) output.complete();
            },
          },
          lane.gate,
          output,
        ),
      );
    }
  });
};

/** RxJS's `zipWith` with the backpressure of {@link zip}. */
export const zipWith: typeof rxZipWith = <T>(...others: ObservableInput<any>[]): OperatorFunction<T, any> => {
  return source => zip([source, ...others]) as any;
};
