import { once } from 'node:events';
import { expect } from 'chai';
import { concat, map, NEVER, type Observable, range } from 'rxjs';
import { pull } from '../../lib/flow/pull.ts';
import { Code } from '../../lib/status.ts';
import { useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import type { Note } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';

const note = (n: number): Note => ({ n, text: 'x'.repeat(1000) });

/** More than fits into the windows, and less than that with what waits. */
const enough = range(0, 85).pipe(map(note));

describe('The deadline of a call whose caller does not read', () => {
  const bench = useBench();

  for (const [which, response$] of [
    ['when its responses go on', pull(() => notes())],
    ['when all its responses have come', enough],
    ['when it waits for more', concat(enough, NEVER)],
  ] as const) {
    for (const coalesce of [true, false]) {
      it(`is told of as soon as it reads, ${which} (coalesce: ${coalesce})`, async () => {
        const { promise: passed, resolve: pass } = deferred<void>();
        const serverStream = (_: unknown, call: { readonly deadline: Date | undefined }): Observable<Note> => {
          setTimeout(pass, call.deadline!.getTime() - Date.now() + 20);
          return response$;
        };
        const { server } = await bench.run({ serverStream }, { coalesce });
        const call = rawCall(server, '/lab.Lab/ServerStream', { 'grpc-timeout': '200m' });
        call.send({ n: 0 });
        call.stream.end();
        await once(call.stream, 'response');
        await passed;
        const { trailers } = await call.finish();
        call.close();
        expect(trailers['grpc-status']).to.equal(String(Code.DEADLINE_EXCEEDED));
      });
    }
  }
});

function* notes(): Generator<Note> {
  for (let n = 0; ; n++) yield note(n);
}
