import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import {
  asyncScheduler,
  concat,
  defer,
  EMPTY,
  NEVER,
  type Observable,
  of,
  repeat,
  Subject,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { statusToSend } from '../../lib/core/error-status.ts';
import { type CallOptions, Code } from '../../lib/index.ts';
import { concurrencyLimit } from '../../lib/middleware.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';
import { FakeCall, journal, method, virtually } from './support/fakes.ts';

/** Calls through one limit, each ended by hand; in the order in which they were started. */
function limited(options: Parameters<typeof concurrencyLimit>[0]) {
  const limit = concurrencyLimit(options);
  const started: { readonly id: unknown; readonly end$: Subject<unknown>; readonly options: CallOptions }[] = [];
  const rpc = limit<CallOptions>(
    (request$, options) =>
      defer(() => {
        const end$ = new Subject<unknown>();
        request$.subscribe(id => started.push({ id, end$, options }));
        return end$;
      }),
    method,
  );
  const call = (id: unknown, callOptions: CallOptions = {}) => rpc(of(id), callOptions);
  return {
    limit,
    call,
    started: () => started.map(({ id }) => id),
    options: () => started.map(({ options }) => options),
    end$: (index: number) => started[index]!.end$,
    counters: () => [limit.running, limit.queued],
  };
}

const ends: Record<string, (end$: Subject<unknown>, subscription: { unsubscribe(): void }) => void> = {
  completes: end$ => end$.complete(),
  fails: end$ => end$.error(new Error('no')),
  'is unsubscribed from': (_, subscription) => subscription.unsubscribe(),
};

describe('concurrencyLimit', () => {
  it('lets max calls run, maxQueued wait, and ends the next with RESOURCE_EXHAUSTED that names limit and remedy', async () => {
    const { call, started, counters } = limited({ max: 2, maxQueued: 1 });
    for (const id of ['a', 'b', 'c']) call(id).subscribe();
    expect(started()).to.deep.equal(['a', 'b']);
    expect(counters()).to.deep.equal([2, 1]);
    const error = await errorOf(call('d'));
    expect(error).to.include({ code: Code.RESOURCE_EXHAUSTED, path: method.path });
    expect(error.details).to.match(
      /2 calls run and 1 wait.*concurrencyLimit.*call again later, or raise max or maxQueued/,
    );
    expect(counters()).to.deep.equal([2, 1]);
  });

  it('queues nothing unless it is told to', async () => {
    const { call } = limited({ max: 1 });
    call('a').subscribe();
    expect(await errorOf(call('b'))).to.include({ code: Code.RESOURCE_EXHAUSTED });
  });

  for (const [how, end] of Object.entries(ends)) {
    it(`gives a place that is free when a call ${how} to the one that waits longest, once`, () => {
      const { call, started, end$, counters } = limited({ max: 1, maxQueued: 5 });
      const first = call('a').subscribe({ error: () => {} });
      call('b').subscribe();
      call('c').subscribe();
      end(end$(0), first);
      first.unsubscribe();
      expect(started()).to.deep.equal(['a', 'b']);
      expect(counters()).to.deep.equal([1, 1]);
    });

    it(`starts nothing of a call that waits, and lets it leave the queue when it is unsubscribed from: ${how}`, () => {
      const { call, started, end$, counters } = limited({ max: 1, maxQueued: 5 });
      const first = call('a').subscribe({ error: () => {} });
      const second = call('b').subscribe();
      call('c').subscribe();
      second.unsubscribe();
      second.unsubscribe();
      expect(counters()).to.deep.equal([1, 1]);
      end(end$(0), first);
      expect(started()).to.deep.equal(['a', 'c']);
      expect(counters()).to.deep.equal([1, 0]);
    });
  }

  it('has a place again for what begins when a call ends: concat, repeat, a retry at once', async () => {
    const limit = concurrencyLimit({ max: 1 });
    const rpc = limit<CallOptions>(request$ => request$, method);
    const call$ = defer(() => rpc(of(1), {}));
    expect((await record(concat(call$, call$).pipe(repeat(3))).ending).error).to.equal(undefined);
    const failing = limit<CallOptions>(() => throwError(() => new Error('no')), method);
    expect(await errorOf(concat(failing(of(1), {}).pipe(tap({ error: () => {} })), call$))).to.have.property(
      'message',
      'no',
    );
    expect(limit.running).to.equal(0);
  });

  it('counts the places while places are being given: a call at its end finds room for as many as may be', () => {
    const { limit, call, started, end$, counters } = limited({ max: 1, maxQueued: 2 });
    const refused: unknown[] = [];
    const atOnce = limit<CallOptions>(() => EMPTY, method);
    const follow = (id: string) => call(id).subscribe({ error: () => refused.push(id) });
    call('a').subscribe();
    atOnce(of(0), {}).subscribe({
      complete: () => {
        follow('c');
        follow('d');
      },
    });
    follow('b');
    end$(0).complete();
    expect(refused).to.deep.equal([]);
    expect(started()).to.deep.equal(['a', 'b']);
    expect(counters()).to.deep.equal([1, 2]);
    follow('e');
    expect(refused).to.deep.equal(['e']);
  });

  it('starts nothing of a call that comes while places are being given and goes at once', () => {
    const { limit, call, started, end$ } = limited({ max: 1, maxQueued: 2 });
    call('a').subscribe();
    limit<CallOptions>(() => EMPTY, method)(of(0), {}).subscribe({
      complete: () => call('gone').subscribe().unsubscribe(),
    });
    end$(0).complete();
    call('b').subscribe();
    expect(started()).to.deep.equal(['a', 'b']);
  });

  it('is one limit over all methods that it stands before', async () => {
    const limit = concurrencyLimit({ max: 1 });
    limit<CallOptions>(() => NEVER, method)(of(1), {}).subscribe();
    const other = limit<CallOptions>(() => NEVER, { ...method, path: '/other.Other/Other' });
    expect(await errorOf(other(of(1), {}))).to.include({ code: Code.RESOURCE_EXHAUSTED });
  });

  it('frees the place of a call that cannot be started', async () => {
    const limit = concurrencyLimit({ max: 1 });
    const rpc = limit<CallOptions>(() => {
      throw new Error('no');
    }, method);
    for (let n = 0; n < 3; n++) expect(await errorOf(rpc(of(1), {}))).to.have.property('message', 'no');
    expect(limit.running).to.equal(0);
  });

  it('keeps no place for who is gone already', () => {
    const { call, counters } = limited({ max: 1 });
    const subscriber = NEVER.subscribe();
    subscriber.unsubscribe();
    call('a').subscribe(subscriber as any);
    expect(counters()).to.deep.equal([0, 0]);
  });

  it('starts twenty thousand that wait and end at once, in order and without a deeper stack', () => {
    const limit = concurrencyLimit({ max: 1, maxQueued: 20_000 });
    const first$ = new Subject<never>();
    const depths = new Set<number>();
    const ids: number[] = [];
    limit<CallOptions>(() => first$, method)(EMPTY, {}).subscribe();
    const limitOfFrames = Error.stackTraceLimit;
    Error.stackTraceLimit = 1000;
    for (let n = 0; n < 20_000; n++) {
      limit<CallOptions>(() => {
        if (n % 5000 === 1) depths.add(new Error('depth').stack!.split('\n').length);
        return EMPTY;
      }, method)(EMPTY, {}).subscribe({ complete: () => ids.push(n) });
    }
    expect(limit.queued).to.equal(20_000);
    first$.complete();
    Error.stackTraceLimit = limitOfFrames;
    expect(ids).to.deep.equal(Array.from({ length: 20_000 }, (_, n) => n));
    expect(depths.size).to.equal(1);
    expect([limit.running, limit.queued]).to.deep.equal([0, 0]);
  });

  it('starts a call in the async context of who subscribed to it', async () => {
    const storage = new AsyncLocalStorage<string>();
    const limit = concurrencyLimit({ max: 1, maxQueued: 2 });
    const seen: unknown[] = [];
    const first$ = new Subject<never>();
    const rpc = limit<CallOptions>(request$ => {
      seen.push(storage.getStore());
      return request$;
    }, method);
    storage.run('first', () => rpc(first$, {}).subscribe());
    storage.run('second', () => rpc(EMPTY, {}).subscribe());
    rpc(EMPTY, {}).subscribe();
    storage.run('first', () => first$.complete());
    expect(seen).to.deep.equal(['first', 'second', undefined]);
  });
});

describe('A call that waits for its turn', () => {
  for (const [name, options] of Object.entries({
    timeoutMs: { timeoutMs: 100 },
    deadline: { deadline: new Date(100) },
  } satisfies Record<string, CallOptions>)) {
    it(`ends with DEADLINE_EXCEEDED when its ${name} passes, and has left the queue`, () => {
      virtually(({ flush }) => {
        const { call, started, counters } = limited({ max: 1, maxQueued: 1 });
        call('a').subscribe();
        const { log } = journal(call('b', options));
        flush();
        expect(log).to.deep.equal(['100 error DEADLINE_EXCEEDED the deadline has passed']);
        expect(started()).to.deep.equal(['a']);
        expect(counters()).to.deep.equal([1, 0]);
      });
    });
  }

  it('has only the rest of its timeoutMs when it is started', () => {
    virtually(({ flush }) => {
      const { call, end$, options } = limited({ max: 1, maxQueued: 1 });
      call('a', { timeoutMs: 100 }).subscribe();
      call('b', { timeoutMs: 100 }).subscribe({ error: () => {} });
      timer(60).subscribe(() => end$(0).complete());
      flush();
      expect(options()).to.deep.equal([{ timeoutMs: 100 }, { deadline: new Date(100) }]);
    });
  });

  it('ends with CANCELLED when its signal aborts, has before, or its parent is cancelled; the cause is given', async () => {
    for (const isBefore of [true, false]) {
      const { call, counters } = limited({ max: 1, maxQueued: 1 });
      call('a').subscribe();
      const controller = new AbortController();
      if (isBefore) controller.abort('why');
      const aborted = errorOf(call('b', { signal: controller.signal }));
      controller.abort('why');
      expect(await aborted).to.include({ code: Code.CANCELLED, details: 'cancelled by its signal', cause: 'why' });
      const parent = new FakeCall();
      if (isBefore) parent.cancel();
      const cancelled = errorOf(call('c', { parent: parent.call }));
      parent.cancel();
      expect(await cancelled).to.include({ code: Code.CANCELLED, details: 'cancelled by its parent call' });
      expect(parent.listeners.size).to.equal(0);
      expect(counters()).to.deep.equal([1, 0]);
    }
  });

  it('has let go of its timer, its signal and its parent when it is unsubscribed from', () => {
    virtually(({ flush }) => {
      const parent = new FakeCall();
      const { call } = limited({ max: 1, maxQueued: 1 });
      call('a').subscribe();
      call('b', { timeoutMs: 100, parent: parent.call }).subscribe().unsubscribe();
      expect(parent.listeners.size).to.equal(0);
      flush();
      expect(asyncScheduler.now()).to.equal(0);
    });
  });

  it('is left to its server, on a server', () => {
    virtually(({ flush }) => {
      const limit = concurrencyLimit({ max: 1, maxQueued: 1 });
      const rpc = limit<any>(() => NEVER, method);
      const fake = new FakeCall();
      fake.deadline = new Date(100);
      rpc(EMPTY, fake.call).subscribe();
      const { log, subscription } = journal(rpc(EMPTY, fake.call));
      flush();
      expect(log).to.deep.equal([]);
      expect(limit.queued).to.equal(1);
      subscription.unsubscribe();
      expect(limit.queued).to.equal(0);
    });
  });

  it('is not cut short any more by the queue once it is started', () => {
    virtually(({ flush }) => {
      const parent = new FakeCall();
      const { call, end$ } = limited({ max: 1, maxQueued: 1 });
      call('a').subscribe();
      const { log } = journal(call('b', { timeoutMs: 100, parent: parent.call }));
      end$(0).complete();
      expect(parent.listeners.size).to.equal(0);
      flush();
      expect(log).to.deep.equal([]); // it is the call's own business
    });
  });
});

describe('An error of concurrencyLimit', () => {
  const refusedBy = async (call: unknown) => {
    const limit = concurrencyLimit({ max: 1 });
    const rpc = limit<any>(() => NEVER, method);
    rpc(EMPTY, call).subscribe();
    return errorOf(rpc(EMPTY, call));
  };

  it('is told to the caller of a server, and is a foreign one on a client', async () => {
    expect(statusToSend(await refusedBy(new FakeCall().call))).to.include({ code: Code.RESOURCE_EXHAUSTED });
    expect(statusToSend(await refusedBy({}))).to.equal(undefined);
  });
});

describe("concurrencyLimit's options", () => {
  for (const [options, message] of [
    [{ max: 0 }, /max to be 1 or more calls, got number "0"/],
    [{ max: 1.5 }, /max to be 1 or more/],
    [{}, /max to be 1 or more calls, got undefined/],
    [{ max: 1, maxQueued: -1 }, /maxQueued to be 0 or more/],
    [{ maximum: 1 }, /no option "maximum"; there are max, maxQueued/],
  ] as const) {
    it(`are refused at once: ${JSON.stringify(options)}`, () => {
      expect(thrownBy(() => concurrencyLimit(options as any)).message).to.match(message);
    });
  }

  it('may be no limits at all', () => {
    const limit = concurrencyLimit({ max: Number.POSITIVE_INFINITY, maxQueued: 0 });
    let running = 0;
    const rpc = limit<CallOptions>((): Observable<never> => NEVER.pipe(tap({ subscribe: () => running++ })), method);
    for (let n = 0; n < 1000; n++) rpc(EMPTY, {}).subscribe();
    expect([running, limit.running]).to.deep.equal([1000, 1000]);
  });
});
