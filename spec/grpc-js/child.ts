// A process whose grpc-js is patched, or not (RX_GRPC_ADJUST=off). Its scenarios show why the patches exist. Each prints its result as
// JSON.
import { setImmediate as turn } from 'node:timers/promises';
import { concat, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { adjustGrpcJs } from '../../lib/grpc-js/adjust.ts';
import { findPrivateParts } from '../../lib/grpc-js/private.ts';
import { close, connect, implement, serve, toAsyncIterable } from '../../lib/index.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { errorOf } from '../support/record.ts';

const [scenario, target = 'http://127.0.0.1:1'] = process.argv.slice(2);
const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));
// A grpc-js without private parts: the first lookup decides, and it runs once.
if (scenario === 'unpatched') adjustGrpcJs(() => undefined);
const client = connect(Lab, target);

const scenarios: Record<string, () => Promise<unknown>> = {
  /** An idle upload, cancelled when the response headers have arrived. */
  async cancel() {
    const headers = deferred<unknown>();
    const requests$ = concat(of<Note>({ n: 1 }), NEVER);
    const subscription = client.bidi(requests$, { onHeaders: headers.resolve }).subscribe();
    await headers.promise;
    subscription.unsubscribe();
    return 'cancelled';
  },
  /** A reader that takes each response some turns after the previous one. */
  async readSlowly() {
    let responses = 0;
    let end = 'OK';
    try {
      for await (const _ of toAsyncIterable(client.bidi(NEVER, { timeoutMs: 3000 }))) {
        responses++;
        for (let n = 0; n < 5; n++) await turn();
      }
    } catch (error: any) {
      end = error.codeName;
    }
    return { responses, end };
  },
  /** A scenario that works on an unpatched grpc-js. */
  async unpatched() {
    const server = await serve('http://127.0.0.1:0', implement.partial(Lab, { bidi: request$ => request$ }));
    const own = connect(Lab, server.target);
    const notes = await lastValueFrom(own.bidi(of({ n: 1 }, { n: 2 })).pipe(toArray()));
    close(own);
    await server.shutdown();
    return { notes, warnings };
  },
  /** The applied patches, and the warnings about them. */
  async state() {
    implement.partial(Lab, {});
    await new Promise(setImmediate);
    const { clientCall } = findPrivateParts()!;
    const [patches] = Object.getOwnPropertySymbols(clientCall).map(
      mark => Reflect.get(clientCall, mark) as Set<string>,
    );
    return { patches: [...(patches ?? [])], warnings };
  },
  /** The error that a call ends with, as text. */
  async details() {
    const error = await errorOf(client.bidi(NEVER, { timeoutMs: 3000 }));
    return error === undefined ? 'OK' : `${error.codeName}: ${error.details}`;
  },
  /** The outcome of a call with a large request. */
  async upload() {
    const large: Note = { n: 1, text: 'x'.repeat(1_000_000) };
    const error = await errorOf(client.bidi(concat(of(large), NEVER), { timeoutMs: 2000 }));
    return error?.codeName ?? 'OK';
  },
};

// Not awaited at the top level, which a CommonJS bundle does not support.
void scenarios[scenario!]!().then(seen => {
  console.log(JSON.stringify(seen));
  close(client);
});
