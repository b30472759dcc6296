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

/** Calls through one limit, each ended by hand, in the order in which they were started. */
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
  it('runs max calls, queues maxQueued, and ends the next with RESOURCE_EXHAUSTED, naming the limit and the remedy', async () => {
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

  it('queues nothing by default', async () => {
    const { call } = limited({ max: 1 });
    call('a').subscribe();
    expect(await errorOf(call('b'))).to.include({ code: Code.RESOURCE_EXHAUSTED });
  });

  for (const [how, end] of Object.entries(ends)) {
    it(`starts the longest waiting call, once, when a running call ${how}`, () => {
      const { call, started, end$, counters } = limited({ max: 1, maxQueued: 5 });
      const first = call('a').subscribe({ error: () => {} });
      call('b').subscribe();
      call('c').subscribe();
      end(end$(0), first);
      first.unsubscribe();
      expect(started()).to.deep.equal(['a', 'b']);
      expect(counters()).to.deep.equal([1, 1]);
    });

    it(`subscribes to nothing while a call is queued, and removes it on unsubscribe: ${how}`, () => {
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

  it('admits a call that starts as another ends: concat, repeat, an immediate retry', async () => {
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

  it('counts correctly while it starts queued calls: a call made at an end finds the free capacity', () => {
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

  it('starts nothing for a call that is made and unsubscribed while queued calls are started', () => {
    const { limit, call, started, end$ } = limited({ max: 1, maxQueued: 2 });
    call('a').subscribe();
    limit<CallOptions>(() => EMPTY, method)(of(0), {}).subscribe({
      complete: () => call('gone').subscribe().unsubscribe(),
    });
    end$(0).complete();
    call('b').subscribe();
    expect(started()).to.deep.equal(['a', 'b']);
  });

  it('is shared by all methods that it wraps', async () => {
    const limit = concurrencyLimit({ max: 1 });
    limit<CallOptions>(() => NEVER, method)(of(1), {}).subscribe();
    const other = limit<CallOptions>(() => NEVER, { ...method, path: '/other.Other/Other' });
    expect(await errorOf(other(of(1), {}))).to.include({ code: Code.RESOURCE_EXHAUSTED });
  });

  it('releases the capacity of a call that fails to start', async () => {
    const limit = concurrencyLimit({ max: 1 });
    const rpc = limit<CallOptions>(() => {
      throw new Error('no');
    }, method);
    for (let n = 0; n < 3; n++) expect(await errorOf(rpc(of(1), {}))).to.have.property('message', 'no');
    expect(limit.running).to.equal(0);
  });

  it('reserves nothing for a call that has already been unsubscribed', () => {
    const { call, counters } = limited({ max: 1 });
    const subscriber = NEVER.subscribe();
    subscriber.unsubscribe();
    call('a').subscribe(subscriber as any);
    expect(counters()).to.deep.equal([0, 0]);
  });

  it('starts twenty thousand queued calls that end at once, in order and without growing the stack', () => {
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

  it('starts a call in the async context of its subscriber', async () => {
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

describe('A queued call', () => {
  for (const [name, options] of Object.entries({
    timeoutMs: { timeoutMs: 100 },
    deadline: { deadline: new Date(100) },
  } satisfies Record<string, CallOptions>)) {
    it(`ends with DEADLINE_EXCEEDED when its ${name} passes, and leaves the queue`, () => {
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

  it('has only the rest of its timeoutMs when it starts', () => {
    virtually(({ flush }) => {
      const { call, end$, options } = limited({ max: 1, maxQueued: 1 });
      call('a', { timeoutMs: 100 }).subscribe();
      call('b', { timeoutMs: 100 }).subscribe({ error: () => {} });
      timer(60).subscribe(() => end$(0).complete());
      flush();
      expect(options()).to.deep.equal([{ timeoutMs: 100 }, { deadline: new Date(100) }]);
    });
  });

  it('ends with CANCELLED and the cause when its signal aborts or has aborted, or its parent is cancelled', async () => {
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

  it('releases its timer, its signal and its parent when it is unsubscribed', () => {
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

  it('on a server leaves its deadline and cancellation to the server', () => {
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

  it('is no longer ended by the queue once it has started', () => {
    virtually(({ flush }) => {
      const parent = new FakeCall();
      const { call, end$ } = limited({ max: 1, maxQueued: 1 });
      call('a').subscribe();
      const { log } = journal(call('b', { timeoutMs: 100, parent: parent.call }));
      end$(0).complete();
      expect(parent.listeners.size).to.equal(0);
      flush();
      expect(log).to.deep.equal([]); // the call itself handles its cancellation
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

  it('is shown to the caller on a server, and is a foreign error on a client', async () => {
    expect(statusToSend(await refusedBy(new FakeCall().call))).to.include({ code: Code.RESOURCE_EXHAUSTED });
    expect(statusToSend(await refusedBy({}))).to.equal(undefined);
  });
});

describe('The options of concurrencyLimit', () => {
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

  it('may be unlimited', () => {
    const limit = concurrencyLimit({ max: Number.POSITIVE_INFINITY, maxQueued: 0 });
    let running = 0;
    const rpc = limit<CallOptions>((): Observable<never> => NEVER.pipe(tap({ subscribe: () => running++ })), method);
    for (let n = 0; n < 1000; n++) rpc(EMPTY, {}).subscribe();
    expect([running, limit.running]).to.deep.equal([1000, 1000]);
  });
});
