import { expect } from 'chai';
import { map, of } from 'rxjs';
import { CallContext } from '../../lib/core/server-call.ts';
import { contextKey, type ServerCall, type ServerMiddleware } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';

describe('CallContext', () => {
  it('returns the last value set for a key, or the default without one', () => {
    const user = contextKey<string>('user');
    const tries = contextKey('tries', 3);
    const context = new CallContext();
    expect([context.get(user), context.get(tries)]).to.deep.equal([undefined, 3]);
    expect(context.set(user, 'ann').set(tries, 4).set(user, 'bob')).to.equal(context);
    expect([context.get(user), context.get(tries)]).to.deep.equal(['bob', 4]);
  });

  it('stores undefined and null as values', () => {
    const key = contextKey<string | null | undefined>('key', 'default');
    for (const value of [undefined, null, '']) expect(new CallContext().set(key, value).get(key)).to.equal(value);
  });

  it('identifies keys by identity, not by name', () => {
    const [one, other] = [contextKey<number>('same'), contextKey<number>('same')];
    const context = new CallContext().set(one, 1);
    expect([context.get(one), context.get(other)]).to.deep.equal([1, undefined]);
    expect(one.name).to.equal('same');
    expect(() => Object.assign(one, { defaultValue: 5 })).to.throw(TypeError);
  });
});

overEachTransport('The context of a call', bench => {
  const id = contextKey('id', 'none');

  it('is set by middleware of server and service and read by the handler, separately for each call', async () => {
    const identify: ServerMiddleware = rpc => (request$, call) => {
      const given = call.metadata.get('id')[0];
      if (given !== undefined) call.context.set(id, String(given));
      return rpc(request$, call);
    };
    const refine: ServerMiddleware = rpc => (request$, call) => {
      call.context.set(id, `<${call.context.get(id)}>`);
      return rpc(request$, call);
    };
    const calls: ServerCall[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        calls.push(call);
        return request$.pipe(map(({ n }) => ({ n, text: call.context.get(id) })));
      }),
      { middleware: [identify], service: { middleware: [refine] } },
    );
    const all = await Promise.all(
      shapes.flatMap(shape =>
        ['a', 'b', undefined].map(async name => {
          const metadata = name === undefined ? {} : { id: name };
          const { values, ending } = record(callOf(client, shape, of({ n: 1 }), { metadata }));
          await ending;
          return values[0]?.text;
        }),
      ),
    );
    expect(all).to.deep.equal(shapes.flatMap(() => ['<a>', '<b>', '<none>']));
    expect(new Set(calls.map(({ context }) => context)).size).to.equal(calls.length);
    for (const call of calls) expect(call.context).to.equal(call.context);
  });
});
