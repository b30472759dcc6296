import { type Handler, pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { defaultIfEmpty, map } from 'rxjs';
import type { Countdown } from '../gen/countdown.ts';
import { pace } from '../support/pace.ts';

/** `Countdown.Count`. It says what came along from its caller, who is two hops away, and how the call ended. */
export const count: Handler<typeof Countdown.Count> = (request$, call) => {
  const [id = 'a call'] = call.metadata.get('x-request-id');
  const token = call.metadata.get('authorization').length > 0 ? 'a token' : 'no token';
  console.log(`${id} begins: ${call.deadline === undefined ? 'no deadline' : 'a deadline'}, ${token}`);
  call.cancelled$
    .pipe(
      map(({ codeName }) => `is cut short: ${codeName}`),
      defaultIfEmpty('is done'),
    )
    .subscribe(end => console.log(`${id} ${end}`));
  return request$.pipe(
    concatMap(({ from, paceMs }) => pull(down(from)).pipe(pace(paceMs))),
    map(left => ({ left })),
  );
};

function* down(from: number): Generator<number> {
  for (let left = from; left >= 0; left--) yield left;
}
