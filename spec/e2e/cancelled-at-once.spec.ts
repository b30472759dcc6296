import { expect } from 'chai';
import { finalize, lastValueFrom, NEVER, of, concatMap as rxConcatMap, throwError } from 'rxjs';
import { Code, inspect, isRpcError, pull } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { overEachTransport } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';

const ignore = (): void => {};

overEachTransport('A call that is cancelled in the turn in which it starts', bench => {
  const failing$ = () =>
    pull(function* () {
      for (let n = 0; n < 3; n++) yield { n };
      throw new Error('a bad row');
    });

  it('is cancelled on the server, too: 60 uploads whose source fails at once', async () => {
    let ended = 0;
    const lab = await bench.run({
      unary: request$ => request$,
      bidi: request$ => request$.pipe(finalize(() => ended++)),
    });
    await lastValueFrom(lab.client.unary({ n: 0 })); // opens the connection
    await lastValueFrom(lab.client.bidi(of({ n: 0 })));
    for (let call = 0; call < 60; call++) lab.client.bidi(failing$()).subscribe({ error: ignore });
    await settled(() => ended);
    expect(inspect(lab.server).calls).to.deep.equal([]);
    expect(inspect(lab.client).calls).to.deep.equal([]);
  });

  it('is cancelled on the server, too: unsubscribed at once, or failed by request$', async () => {
    const lab = await bench.run({ unary: request$ => request$.pipe(rxConcatMap(() => NEVER)), bidi: () => NEVER });
    lab.client.bidi(of()).subscribe().unsubscribe();
    for (let call = 0; call < 20; call++) {
      lab.client.bidi(NEVER).subscribe().unsubscribe();
      lab.client.unary({ n: 1 }).subscribe().unsubscribe();
      lab.client.bidi(throwError(() => new Error('no'))).subscribe({ error: ignore });
    }
    await settled(() => inspect(lab.server).calls.length);
    expect(inspect(lab.server).calls).to.deep.equal([]);
  });
});

overEachTransport('A subscriber whose work does not end', bench => {
  it('still learns that the deadline has passed', async () => {
    const lab = await bench.run({
      serverStream: () =>
        pull(function* () {
          for (let n = 0; ; n++) yield { n };
        }),
    });
    const stuck$ = lab.client.serverStream({ n: 1 }, { timeoutMs: 50 }).pipe(concatMap(() => NEVER));
    const error = await lastValueFrom(stuck$, { defaultValue: undefined }).catch(e => e);
    expect(isRpcError(error, Code.DEADLINE_EXCEEDED), String(error)).to.equal(true);
  });

  it('still learns of an error, and of the end of a call without further responses', async () => {
    const one: Note[] = [{ n: 1 }];
    const lab = await bench.run(
      {
        serverStream: () => one,
        bidi: () =>
          pull(function* () {
            yield { n: 1 };
            throw new Error('hidden');
          }),
      },
      { onError: ignore },
    );
    let unended = 0;
    const busy = () => concatMap(() => NEVER.pipe(finalize(() => unended++)));
    const error = await lastValueFrom(lab.client.bidi(NEVER).pipe(busy()), { defaultValue: undefined }).catch(e => e);
    expect(isRpcError(error, Code.UNKNOWN), String(error)).to.equal(true);
    expect(unended).to.equal(1);
    lab.client.serverStream({ n: 1 }).pipe(busy()).subscribe();
    await settled(() => inspect(lab.client).calls.length);
    expect(inspect(lab.client).calls).to.deep.equal([]); // completes although the work on its last response has not
  });
});
