import { expect } from 'chai';
import { map, of, toArray } from 'rxjs';
import { markReceived } from '../../lib/core/error-status.ts';
import { Code, connect, contextKey, implement, RpcError, serve } from '../../lib/index.ts';
import { bearer, verifyBearer } from '../../lib/middleware.ts';
import { callOf, inAllShapes, type LabHandler, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { tls } from '../support/tls.ts';

const note: Note = { n: 1 };

describe('bearer and verifyBearer over the wire', () => {
  const bench = useBench();
  const user = contextKey<string>('user');
  const users: ReadonlyMap<string, string> = new Map([['t0ken', 'ada']]);
  const verify = async (token: string): Promise<string> => users.get(token)!;
  const whoAmI: LabHandler = (request$, call) => request$.pipe(map(n => ({ ...n, text: call.context.get(user)! })));

  it('identify the caller to the handler, over TLS', async () => {
    const server = await serve('https://127.0.0.1:0', implement.partial(Lab, inAllShapes(whoAmI)), {
      tls,
      middleware: [verifyBearer(user, verify)],
    });
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const target = `https://localhost:${server.port}`;
    const client = connect(Lab, target, { tls: { ca: tls.cert }, middleware: [bearer(async () => 't0ken')] });
    bench.onEnd(() => client[Symbol.dispose]());
    for (const shape of shapes) {
      const { values, ending } = record(callOf(client, shape, of(note)));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([{ n: 1, text: 'ada' }]);
    }
    const stranger = connect(Lab, target, { tls: { ca: tls.cert }, middleware: [bearer('other')] });
    bench.onEnd(() => stranger[Symbol.dispose]());
    const refused = await errorOf(stranger.unary(note));
    expect(refused).to.include({ code: Code.UNAUTHENTICATED, details: 'the token was not accepted' });
    const failing = connect(Lab, target, {
      tls: { ca: tls.cert },
      middleware: [
        bearer(async () => {
          throw new Error('no key');
        }),
      ],
    });
    bench.onEnd(() => failing[Symbol.dispose]());
    const error = await errorOf(failing.unary(note));
    expect(error).to.include({ code: Code.UNAUTHENTICATED });
    expect(error.details).to.equal('the token to send could not be obtained');
    expect(error.cause).to.have.property('message', 'no key');
  });

  it('send no token over plaintext unless allowPlaintext is set', async () => {
    let calls = 0;
    const count: LabHandler = (request$, call) => {
      calls++;
      return whoAmI(request$, call);
    };
    const { server } = await bench.run(inAllShapes(count), { middleware: [verifyBearer(user, verify)] });
    let asked = 0;
    const token = () => {
      asked++;
      return 't0ken';
    };
    const careful = bench.connect(server, { middleware: [bearer(token)] });
    expect(await errorOf(careful.unary(note))).to.include({ code: Code.UNAUTHENTICATED });
    expect([calls, asked]).to.deep.equal([0, 0]);
    const careless = bench.connect(server, { middleware: [bearer(token, { allowPlaintext: true })] });
    const { values, ending } = record(careless.unary(note));
    await ending;
    expect(values).to.deep.equal([{ n: 1, text: 'ada' }]);
  });

  it('lose no request while the token is being verified', async () => {
    const verified = deferred();
    const asked = deferred();
    const { client } = await bench.run(
      { bidi: whoAmI },
      {
        middleware: [
          verifyBearer(user, async () => {
            asked.resolve();
            await verified.promise;
            return 'ada';
          }),
        ],
      },
      { middleware: [bearer('t', { allowPlaintext: true })] },
    );
    const recording = record(client.bidi(of({ n: 1 }, { n: 2 }, { n: 3 })).pipe(toArray()));
    await asked.promise;
    await settled(() => 0); // all requests have arrived
    verified.resolve();
    await recording.ending;
    expect(recording.values[0]!.map(({ n }) => n)).to.deep.equal([1, 2, 3]);
  });

  it('never call the handler when the caller has gone before the token is verified', async () => {
    const verified = deferred();
    const asked = deferred();
    const gone = deferred();
    let calls = 0;
    const { client } = await bench.run(
      inAllShapes(request$ => {
        calls++;
        return request$;
      }),
      {
        middleware: [
          verifyBearer(user, async (_, call) => {
            call.signal.addEventListener('abort', () => gone.resolve());
            asked.resolve();
            await verified.promise;
            return 'ada';
          }),
        ],
      },
      { middleware: [bearer('t', { allowPlaintext: true })] },
    );
    const call = client.bidi(of(note)).subscribe();
    await asked.promise;
    call.unsubscribe();
    await gone.promise;
    verified.resolve();
    await settled(() => calls);
    expect(calls).to.equal(0);
  });

  it('end the call with UNKNOWN, without the reason, when verification itself fails, and report to onError', async () => {
    const down = new Error('connect ECONNREFUSED keys');
    for (const failed of [down, markReceived(new RpcError(Code.UNAVAILABLE, down.message))]) {
      const told: unknown[] = [];
      const { client } = await bench.run(
        { unary: whoAmI },
        { middleware: [verifyBearer(user, () => Promise.reject(failed))], onError: error => told.push(error) },
        { middleware: [bearer('t', { allowPlaintext: true })] },
      );
      const error = await errorOf(client.unary(note));
      expect([error.code, error.details]).to.deep.equal([Code.UNKNOWN, 'unknown error']);
      expect(told).to.deep.equal([failed]);
    }
  });

  it('report a rejected token to its caller only', async () => {
    const told: unknown[] = [];
    const { client } = await bench.run(
      { unary: whoAmI },
      {
        middleware: [verifyBearer(user, async t => new Map<string, string>().get(t)!)],
        onError: error => told.push(error),
      },
      { middleware: [bearer('forged', { allowPlaintext: true })] },
    );
    expect(await errorOf(client.unary(note))).to.include({ code: Code.UNAUTHENTICATED });
    expect(told).to.deep.equal([]);
  });
});
