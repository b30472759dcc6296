// A process whose grpc-js is adjusted, or not (RX_GRPC_ADJUST=off): the scenarios that show why it has to be. Each says what it
// saw as JSON.
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
// A grpc-js without private parts: whoever comes first looks for them, once.
if (scenario === 'unpatched') adjustGrpcJs(() => undefined);
const client = connect(Lab, target);

const scenarios: Record<string, () => Promise<unknown>> = {
  /** An idle upload, cancelled when the response headers have come. */
  async cancel() {
    const headers = deferred<unknown>();
    const requests$ = concat(of<Note>({ n: 1 }), NEVER);
    const subscription = client.bidi(requests$, { onHeaders: headers.resolve }).subscribe();
    await headers.promise;
    subscription.unsubscribe();
    return 'cancelled';
  },
  /** A reader who takes each response some turns after the one before. */
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
  /** What works on a grpc-js that is not patched. */
  async unpatched() {
    const server = await serve('http://127.0.0.1:0', implement.partial(Lab, { bidi: request$ => request$ }));
    const own = connect(Lab, server.target);
    const notes = await lastValueFrom(own.bidi(of({ n: 1 }, { n: 2 })).pipe(toArray()));
    close(own);
    await server.shutdown();
    return { notes, warnings };
  },
  /** Whether grpc-js is as it came, and what was said of it. */
  async state() {
    implement.partial(Lab, {});
    await new Promise(setImmediate);
    const { clientCall } = findPrivateParts()!;
    const [patches] = Object.getOwnPropertySymbols(clientCall).map(
      mark => Reflect.get(clientCall, mark) as Set<string>,
    );
    return { patches: [...(patches ?? [])], warnings };
  },
  /** How a call ends, in the words of its error. */
  async details() {
    const error = await errorOf(client.bidi(NEVER, { timeoutMs: 3000 }));
    return error === undefined ? 'OK' : `${error.codeName}: ${error.details}`;
  },
  /** How a call with a large request ends. */
  async upload() {
    const large: Note = { n: 1, text: 'x'.repeat(1_000_000) };
    const error = await errorOf(client.bidi(concat(of(large), NEVER), { timeoutMs: 2000 }));
    return error?.codeName ?? 'OK';
  },
};

// Not awaited at the top level, which a CommonJS bundle cannot do.
void scenarios[scenario!]!().then(seen => {
  console.log(JSON.stringify(seen));
  close(client);
});
