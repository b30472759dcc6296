import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { of, tap } from 'rxjs';
import type { ClientMiddleware, ServerMiddleware } from '../../lib/index.ts';
import { bearer } from '../../lib/middleware.ts';
import { useBench } from '../support/bench.ts';
import { record } from '../support/record.ts';

describe('storage.run(store, () => rpc(request$, call)) in a middleware', () => {
  const bench = useBench();

  it('sets the context of later middleware (its token, its operators), of onHeaders and of the handler, on both sides', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const see = (what: string) => seen.push(`${what} ${storage.getStore()}`);
    const ofClient: ClientMiddleware = rpc => (request$, call) => storage.run('client', () => rpc(request$, call));
    const ofServer: ServerMiddleware = rpc => (request$, call) => storage.run('server', () => rpc(request$, call));
    const below: ClientMiddleware = rpc => (request$, call) =>
      rpc(request$, call).pipe(tap({ next: () => see('response') }));
    const token = () => {
      see('token');
      return 't';
    };
    const { client } = await bench.run(
      { unary: request$ => request$.pipe(tap({ subscribe: () => see('handler'), next: () => see('request') })) },
      { middleware: [ofServer] },
      { middleware: [ofClient, bearer(token, { allowPlaintext: true }), below] },
    );
    const { ending } = record(client.unary(of({ n: 1 }), { onHeaders: () => see('onHeaders') }));
    expect(await ending).to.deep.equal({});
    expect(seen).to.deep.equal([
      'token client',
      'handler server',
      'request server',
      'onHeaders client',
      'response client',
    ]);
  });
});
