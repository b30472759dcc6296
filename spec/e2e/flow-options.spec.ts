import { expect } from 'chai';
import { defer, lastValueFrom, NEVER, Observable, Subject } from 'rxjs';
import {
  Code,
  connect,
  implement,
  inspect,
  isRpcError,
  pull,
  type RpcError,
  serve,
  toAsyncIterable,
} from '../../lib/index.ts';
import { concatMap, share, zip } from '../../lib/operators.ts';
import { overEachTransport, overTransportsOfBytes } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';

const failure = (x$: Observable<unknown>): Promise<RpcError> =>
  lastValueFrom(x$, { defaultValue: undefined }).then(
    () => {
      throw new Error('it did not fail');
    },
    error => error,
  );

overTransportsOfBytes('prefetch', bench => {
  /** The number of notes that a producer sent to a reader which took one, with this prefetch on the reading side. */
  async function ahead(prefetch: number | undefined, side: 'client' | 'service' | 'server'): Promise<number> {
    let asked = 0;
    const note$ = pull(function* () {
      for (;;) yield { n: ++asked, text: 'x'.repeat(32 * 1024) };
    });
    const handlers = {
      serverStream: () => note$,
      clientStream: (request$: Observable<Note>) => {
        void toAsyncIterable(request$)[Symbol.asyncIterator]().next();
        return NEVER;
      },
    };
    const { client } = await bench.run(handlers, {
      ...(side === 'server' && { prefetch }),
      ...(side === 'service' && { service: { prefetch } }),
    });
    if (side === 'client') {
      const notes = toAsyncIterable(client.serverStream({ n: 1 }, { prefetch }))[Symbol.asyncIterator]();
      await notes.next();
      await settled(() => asked);
      await notes.return?.();
    } else {
      const upload = client.clientStream(note$).subscribe();
      await settled(() => asked);
      upload.unsubscribe();
    }
    return asked;
  }

  for (const side of ['client', 'service', 'server'] as const) {
    it(`lets a ${side} read ahead as many messages as configured, 8 or 16 by default`, async () => {
      expect(await ahead(undefined, side)).to.be.within(8, 23);
      const few = await ahead(16, side);
      expect(few).to.be.within(16, side === 'client' ? 28 : 23); // a client's window is 192 KiB
      expect(await ahead(116, side)).to.be.within(few + 98, few + 102);
    });
  }

  it('below 16 is a RangeError that states the minimum', async () => {
    expect(() => implement.partial(Lab, {}, { prefetch: 15 })).to.throw(RangeError, /prefetch to be 16 or more/);
    expect(() => connect(Lab, 'http://127.0.0.1:1', { prefetch: 1 })).to.throw(RangeError, /prefetch to be 16 or more/);
    expect(await serve('http://127.0.0.1:0', [], { prefetch: 0 }).catch(e => e)).to.be.instanceOf(RangeError);
  });
});

overTransportsOfBytes('maxQueuedBytes', bench => {
  const flood$ = () => {
    const note$ = new Subject<Note>();
    return defer(() => {
      setImmediate(() => {
        for (let n = 0; n < 100; n++) note$.next({ n, text: 'x'.repeat(1000) });
      });
      return note$;
    });
  };

  it('ends the call of a source that cannot wait with RESOURCE_EXHAUSTED and names the remedy', async () => {
    const lab = await bench.run({ bidi: () => NEVER });
    const error = await failure(lab.client.bidi(flood$(), { maxQueuedBytes: 50_000 }));
    expect(isRpcError(error, Code.RESOURCE_EXHAUSTED), String(error)).to.equal(true);
    expect(error.details).to.match(/50000 bytes.*pull.*drop.*maxQueuedBytes/s);
  });

  it('of a service precedes that of its server, and that of a call precedes that of its client', async () => {
    const { client } = await bench.run(
      { serverStream: flood$ },
      { service: { maxQueuedBytes: 50_000 }, maxQueuedBytes: 10_000_000 },
      { maxQueuedBytes: 10 },
    );
    const error = await failure(client.serverStream({ n: 1 }));
    expect(isRpcError(error, Code.RESOURCE_EXHAUSTED), String(error)).to.equal(true);
  });
});

overEachTransport('stallTimeoutMs', bench => {
  /** Deadlocks: the odd notes are queued behind even ones that nobody takes. */
  const cycle = (request$: Observable<Note>): Observable<Note> => {
    const shared$ = request$.pipe(share());
    const odd$ = shared$.pipe(concatMap(note => (note.n % 2 === 1 ? [note] : [])));
    const third$ = shared$.pipe(concatMap(note => (note.n % 3 === 2 ? [note] : [])));
    return zip(odd$, third$).pipe(concatMap(notes => notes));
  };
  const count$ = (to: number) =>
    pull(function* () {
      for (let n = 1; n <= to; n++) yield { n };
    });

  it('ends a deadlocked call with ABORTED and names the option', async () => {
    const lab = await bench.run({ bidi: cycle }, { stallTimeoutMs: 40 });
    const error = await failure(lab.client.bidi(count$(1000)));
    expect(isRpcError(error, Code.ABORTED), String(error)).to.equal(true);
    expect(error.details).to.match(/taken no request for 40 ms \(stallTimeoutMs\)/);
  });

  it("ends a client's call whose responses nobody takes", async () => {
    const lab = await bench.run({ serverStream: () => count$(1000) });
    const response$ = lab.client.serverStream({ n: 1 }, { stallTimeoutMs: 40 });
    const error = await failure(response$.pipe(concatMap(() => NEVER)));
    expect(isRpcError(error, Code.ABORTED), String(error)).to.equal(true);
  });

  it('does not treat a reader that pauses as a stall', async () => {
    const text = 'x'.repeat(32 * 1024);
    const lab = await bench.run({ bidi: request$ => request$ }, { stallTimeoutMs: 60 });
    const source$ = pull(function* () {
      for (let n = 0; ; n++) yield { n, text };
    });
    const notes = toAsyncIterable(lab.client.bidi(source$))[Symbol.asyncIterator]();
    await notes.next();
    // Meanwhile another call stalls and is ended: the timeout has passed several times.
    for (let round = 0; round < 4; round++) {
      const other = await bench.run({ bidi: () => new Observable(() => {}) });
      const stalled$ = other.client.bidi(count$(3), { timeoutMs: 60 });
      await failure(stalled$);
    }
    expect(inspect(lab.server).calls).to.have.length(1);
    expect(inspect(lab.server).calls[0]!.received.waitsFor).to.equal('wire');
    expect((await notes.next()).value.n).to.equal(1);
    await notes.return?.();
  });

  it('leaves no timer when calls have ended, on either side', async () => {
    const { setInterval, clearInterval } = globalThis;
    const watching = new Set<unknown>();
    globalThis.setInterval = ((...args: Parameters<typeof setInterval>) => {
      const timer = setInterval(...args);
      if (args[1] === 111) watching.add(timer); // half of the timeout below
      return timer;
    }) as typeof setInterval;
    globalThis.clearInterval = timer => {
      watching.delete(timer);
      clearInterval(timer);
    };
    try {
      const lab = await bench.run({ bidi: request$ => request$ }, { stallTimeoutMs: 222 });
      await lastValueFrom(lab.client.bidi(count$(3), { stallTimeoutMs: 222 }));
      await settled(() => inspect(lab.server).calls.length);
      expect(watching.size).to.equal(0);
    } finally {
      Object.assign(globalThis, { setInterval, clearInterval });
    }
  });

  it('below 1 is a RangeError', () => {
    expect(() => connect(Lab, 'http://127.0.0.1:1', { stallTimeoutMs: 0 })).to.throw(RangeError, /stallTimeoutMs/);
  });
});
