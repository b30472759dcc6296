import { setTimeout as sleep } from 'node:timers/promises';
import { pull } from 'rx-grpc';
import { concat, from, NEVER, type Observable } from 'rxjs';
import type { UserInit } from '../../examples/gen/users.ts';

const KIB = 'x'.repeat(1024);

/** So many small requests, and the stream stays open. */
export function open(count: number): Observable<UserInit> {
  return concat(from(Array.from({ length: count }, (_, age) => ({ age }))), NEVER);
}

/** Messages of 1 KiB, up to a bound that no scenario should reach. */
export class Flood {
  static readonly MAX = 60_000;
  asked = 0;
  readonly request$: Observable<UserInit> = pull(
    function* (this: Flood): Generator<UserInit> {
      while (this.asked < Flood.MAX) {
        this.asked++;
        yield { name: KIB };
      }
    }.bind(this),
  );
}

/** A request now and then, for so long. */
export function drip(count: number, everyMs: number): Observable<UserInit> {
  return pull(async function* () {
    for (let age = 0; age < count; age++) {
      yield { age };
      await sleep(everyMs);
    }
  });
}

/** Waits until a count stands still, and gives it. */
export async function settled(count: () => number | Promise<number>, quietMs = 700, maxMs = 15_000): Promise<number> {
  const deadline = Date.now() + maxMs;
  let last = await count();
  for (;;) {
    await sleep(quietMs);
    const next = await count();
    if (next === last || Date.now() > deadline) return next;
    last = next;
  }
}
