import { expect } from 'chai';
import { NEVER, type Observable, of } from 'rxjs';
import { type ClientMiddleware, Code, close, RpcError } from '../../lib/index.ts';
import { bearer, concurrencyLimit, retry } from '../../lib/middleware.ts';
import { useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import type { Note } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

describe('A call that waits in middleware', () => {
  const bench = useBench();

  const limit = concurrencyLimit({ max: 1, maxQueued: 1 });
  const asked = deferred();
  const waits: Record<
    string,
    { middleware: ClientMiddleware; isWaiting: (failed: Promise<void>) => Promise<unknown> }
  > = {
    'the back-off of retry': {
      middleware: retry({ initialBackoffMs: 60_000, maxBackoffMs: 60_000 }),
      isWaiting: failed => failed,
    },
    'the token of bearer': {
      middleware: bearer(
        () => {
          asked.resolve();
          return new Promise(() => {});
        },
        { allowPlaintext: true },
      ),
      isWaiting: () => asked.promise,
    },
    'the queue of concurrencyLimit': {
      middleware: limit,
      isWaiting: () => settled(() => limit.queued),
    },
  };

  for (const [name, { middleware, isWaiting }] of Object.entries(waits)) {
    it(`ends with CANCELLED when its client is closed, and starts nothing afterwards: ${name}`, async () => {
      const failed = deferred();
      const unavailable = (_: Observable<unknown>) => {
        failed.resolve();
        throw new RpcError(Code.UNAVAILABLE, 'try later');
      };
      const { server } = await bench.run({ unary: unavailable, bidi: () => NEVER });
      // A call of another client occupies the limit.
      const other = limit === middleware ? bench.connect(server, { middleware: [limit] }) : undefined;
      const holder = other?.bidi(NEVER).subscribe({ error: () => {} });

      const client = bench.connect(server, { middleware: [middleware] });
      const { ending } = record(client.unary(of(note)));
      await isWaiting(failed.promise);
      await settled(() => 0); // the first attempt has failed
      close(client);
      const { error } = await ending;
      expect(error).to.include({ code: Code.CANCELLED, details: 'the client was closed' });
      expect(limit.queued).to.equal(0);
      holder?.unsubscribe();
      expect(limit.running).to.equal(0);
    });
  }
});
