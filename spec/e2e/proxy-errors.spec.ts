import { expect } from 'chai';
import { concatMap, type Observable, of, throwError } from 'rxjs';
import { Code, close, connect, implement, RpcError, type ServerMiddleware, serve } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab } from '../support/lab.ts';
import { errorOf } from '../support/record.ts';

describe('A client as the implementation of a service', () => {
  const bench = useBench();
  const failing = inAllShapes(() => throwError(() => new RpcError(Code.NOT_FOUND, 'no such note')));

  async function proxy(backend: string, middleware: readonly ServerMiddleware[] = []) {
    const hidden: unknown[] = [];
    const client = connect(Lab, backend);
    bench.onEnd(() => close(client));
    const server = await serve('http://127.0.0.1:0', implement(Lab, client), {
      middleware,
      onError: error => hidden.push(error),
    });
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    return { client: bench.connect(server), hidden };
  }

  it('passes on the error of its own call, and hides the error of a call that middleware makes before it', async () => {
    const { server: backend } = await bench.run(failing);
    const { client: auth } = await bench.run(
      inAllShapes(() => throwError(() => new RpcError(Code.INTERNAL, 'auth db 10.0.0.5 down'))),
    );
    const { client: plain } = await proxy(backend.target);
    expect(await errorOf(plain.unary({ n: 1 }))).to.include({ code: Code.NOT_FOUND, details: 'no such note' });
    const asksFirst: ServerMiddleware = rpc => (request$, call) =>
      auth.unary({ n: 1 }, call).pipe(concatMap(() => rpc(request$, call)));
    const { client: guarded, hidden } = await proxy(backend.target, [asksFirst]);
    expect(await errorOf(guarded.unary({ n: 1 }))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    expect(hidden).to.have.length(1);
  });

  it('does not reveal the address it tried to connect to', async () => {
    const nobody = await serve('http://127.0.0.1:0', []);
    await nobody.shutdown();
    const { client } = await proxy(nobody.target);
    const error = (await errorOf(client.unary({ n: 1 }))) as RpcError;
    expect(error).to.include({ code: Code.UNAVAILABLE, details: 'the server behind this one cannot be reached' });
    expect(JSON.stringify(error.metadata.getMap())).to.not.include(String(nobody.port));
  });

  it('sends one value for a key that is in both the trailers and the error', async () => {
    const { client } = await bench.run(
      inAllShapes((_request$: Observable<unknown>, call) => {
        call.trailers.set('grpc-status-details-bin', Buffer.from('old'));
        call.trailers.set('kept', 'yes');
        return throwError(
          () => new RpcError(Code.ABORTED, 'x', { richDetails: [{ case: 'errorInfo', value: { reason: 'NEW' } }] }),
        );
      }),
    );
    const error = (await errorOf(client.bidi(of({ n: 1 })))) as RpcError;
    expect(error.richDetails).to.deep.equal([
      { case: 'errorInfo', value: { reason: 'NEW', domain: '', metadata: {} } },
    ]);
    expect(error.metadata.get('kept')).to.deep.equal(['yes']);
  });
});
