import { expect } from 'chai';
import { concat, NEVER, of } from 'rxjs';
import { Code } from '../../lib/index.ts';
import { deadline } from '../../lib/middleware.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

describe('deadline over the wire', () => {
  const bench = useBench();

  for (const shape of shapes) {
    it(`on a server ends a call without one on both sides, and is inherited: ${shape}`, async () => {
      const ended = deferred<unknown>();
      const inherited = deferred<number>();
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          inherited.resolve(call.deadline!.getTime() - Date.now());
          record(request$).ending.then(({ error }) => ended.resolve(error));
          return NEVER;
        }),
        { middleware: [deadline(80)] },
      );
      const error = await errorOf(callOf(client, shape, concat(of(note), NEVER)));
      expect(error).to.include({ code: Code.DEADLINE_EXCEEDED });
      expect(error.details).to.equal('the server ends calls without a deadline after 80 ms');
      expect(await inherited.promise).to.be.within(1, 80);
      expect(await ended.promise).to.have.property('code', Code.DEADLINE_EXCEEDED);
    });
  }

  it('on a client is sent to the server; a deadline of the call is unchanged', async () => {
    const left: (number | undefined)[] = [];
    const { client } = await bench.run(
      {
        unary: (request$, call) => {
          left.push(call.deadline && call.deadline.getTime() - Date.now());
          return request$;
        },
      },
      { middleware: [deadline(50_000)] },
      { middleware: [deadline(20_000)] },
    );
    await record(client.unary(note)).ending;
    await record(client.unary(note, { timeoutMs: 90_000 })).ending;
    expect(left[0]).to.be.within(15_000, 20_100);
    expect(left[1]).to.be.within(85_000, 90_100);
  });
});
