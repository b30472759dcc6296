import { expect } from 'chai';
import { concat, EMPTY, NEVER, type Observable, of } from 'rxjs';
import { Code } from '../../lib/index.ts';
import { concurrencyLimit } from '../../lib/middleware.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

describe('concurrencyLimit over the wire', () => {
  const bench = useBench();

  it('on a server refuses calls above the limit, and admits one when a caller has gone', async () => {
    const limit = concurrencyLimit({ max: 1 });
    const { client } = await bench.run(
      inAllShapes(request$ => concat(of(note), request$)),
      { middleware: [limit] },
    );
    const first = record(client.bidi(NEVER));
    await first.received(1);
    const error = await errorOf(client.serverStream(note));
    expect(error).to.include({ code: Code.RESOURCE_EXHAUSTED });
    expect(error.details).to.match(/1 calls run and 0 wait/);
    first.subscription.unsubscribe();
    await settled(() => limit.running);
    expect(limit.running).to.equal(0);
    const again = record(client.bidi(EMPTY));
    await again.ending;
    expect(again.values).to.deep.equal([note]);
  });

  it('on a server removes a caller that leaves from the queue, and keeps queued requests', async () => {
    const limit = concurrencyLimit({ max: 1, maxQueued: 2 });
    const handled: Observable<Note>[] = [];
    const { client } = await bench.run(
      {
        bidi: request$ => {
          handled.push(request$);
          return concat(of({ n: 0 }), request$);
        },
      },
      { middleware: [limit] },
    );
    const first = record(client.bidi(NEVER));
    await first.received(1);
    const second = record(client.bidi(NEVER));
    const third = record(client.bidi(of({ n: 1 }, { n: 2 })));
    await settled(() => limit.queued);
    expect([limit.queued, handled.length]).to.deep.equal([2, 1]);
    second.subscription.unsubscribe();
    await settled(() => limit.queued);
    expect(limit.queued).to.equal(1);
    first.subscription.unsubscribe();
    await third.ending;
    expect(third.values.map(({ n }) => n)).to.deep.equal([0, 1, 2]);
    expect(handled).to.have.length(2);
  });

  it('on a client ends a queued call at its deadline, and all of them when the client is closed', async () => {
    const limit = concurrencyLimit({ max: 1, maxQueued: 5 });
    const { client } = await bench.run({ bidi: () => concat(of(note), NEVER) }, {}, { middleware: [limit] });
    const first = record(client.bidi(NEVER));
    await first.received(1);
    expect(await errorOf(client.bidi(NEVER, { timeoutMs: 20 }))).to.include({ code: Code.DEADLINE_EXCEEDED });
    const waiting = [record(client.bidi(NEVER)), record(client.bidi(NEVER))];
    client[Symbol.dispose]();
    for (const { ending } of [first, ...waiting]) expect((await ending).error).to.include({ code: Code.CANCELLED });
    expect([limit.running, limit.queued]).to.deep.equal([0, 0]);
  });
});
