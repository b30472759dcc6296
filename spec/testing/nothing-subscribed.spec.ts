import { AssertionError } from 'node:assert';
import { expect } from 'chai';
import { concat, EMPTY, NEVER, Observable, of, Subject, share, take } from 'rxjs';
import { isOneShot } from '../../lib/backpressure/one-shot.ts';
import { implement, loopback, pull, toAsyncIterable } from '../../lib/index.ts';
import { assertNothingSubscribed, marbles, untilNothingSubscribed, watch } from '../../lib/testing.ts';
import { overEachTransport, useBench } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { record, rejectionOf, thrownBy } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

describe('watch', () => {
  it('counts subscriptions, and the active ones', () => {
    const watched = watch(new Subject<Note>(), 'notes$');
    const [first, second] = [watched.source$.subscribe(), watched.source$.subscribe()];
    expect(watched).to.include({ name: 'notes$', subscriptions: 2, active: 2 });
    first.unsubscribe();
    first.unsubscribe();
    expect(watched).to.include({ subscriptions: 2, active: 1 });
    second.unsubscribe();
    expect(watched).to.include({ subscriptions: 2, active: 0 });
  });

  it('stops counting a subscription that has completed or failed, at once or later', () => {
    for (const source$ of [EMPTY, of(1), new Observable(output => output.error('x'))]) {
      const watched = watch(source$ as Observable<unknown>);
      watched.source$.subscribe({ error: () => {} });
      expect(watched).to.include({ name: 'source$', subscriptions: 1, active: 0 });
    }
    const subject = new Subject<number>();
    const watched = watch(subject);
    watched.source$.subscribe();
    subject.complete();
    expect(watched.active).to.equal(0);
  });

  it('passes values, completion and errors on', async () => {
    const { values, ending } = record(
      watch(concat(of(1, 2), new Observable<number>(output => output.error('x')))).source$,
    );
    expect([values, await ending]).to.deep.equal([[1, 2], { error: 'x' }]);
  });

  it('leaves a paced source paced, and a one-shot source recognizable', async () => {
    let asked = 0;
    const watched = watch(
      pull(function* () {
        for (;;) yield ++asked;
      }),
    );
    const reader = toAsyncIterable(watched.source$)[Symbol.asyncIterator]();
    await reader.next();
    expect(await settled(() => asked)).to.be.below(5);
    await reader.return?.();
    expect(watched.active).to.equal(0);
    expect(isOneShot(watch(new Subject<Note>()).source$)).to.equal(true);
    expect(isOneShot(watched.source$)).to.equal(false);
  });

  it('refuses what is not an Observable', () => {
    expect(() => watch(5 as never)).to.throw(TypeError, 'watch: expected an Observable, got number "5"');
  });
});

describe('assertNothingSubscribed', () => {
  it('lists the watched sources with active subscriptions, and no others', () => {
    const [a, b, c] = [watch(NEVER, 'a$'), watch(NEVER, 'b$'), watch(NEVER, 'c$')];
    const subscriptions = [a.source$.subscribe(), a.source$.subscribe(), b.source$.subscribe()];
    subscriptions[1]!.unsubscribe();
    const error = thrownBy(() => assertNothingSubscribed(a, b, c));
    expect(error).to.be.instanceOf(AssertionError);
    expect(error.message).to.equal(
      'expected nothing to be left subscribed, found\na$: 1 of 2 subscriptions\nb$: 1 of 1 subscriptions',
    );
    expect([error.actual, error.expected]).to.deep.equal([
      ['a$: 1 of 2 subscriptions', 'b$: 1 of 1 subscriptions'],
      [],
    ]);
    expect(error.stack.split('\n').find((line: string) => line.includes(' at '))).to.include(
      'nothing-subscribed.spec.ts',
    );
    for (const subscription of subscriptions) subscription.unsubscribe();
    assertNothingSubscribed(a, b, c);
    assertNothingSubscribed();
  });

  it('lists the calls of a loopback on both sides, in virtual time with the current frame', () => {
    const client = loopback(implement.partial(Lab, { bidi: request$ => concat(request$, NEVER) }));
    let call = client.bidi(of(note)).subscribe();
    expect(thrownBy(() => assertNothingSubscribed(client)).actual).to.deep.equal([
      'a call of /lab.Lab/Bidi (bidi): 0 messages received, 1 sent',
    ]);
    call.unsubscribe();
    assertNothingSubscribed(client);
    marbles(({ flush }) => {
      call = client.bidi(of(note)).subscribe();
      flush();
      expect(thrownBy(() => assertNothingSubscribed(client)).actual).to.deep.equal([
        'a call of /lab.Lab/Bidi (bidi): 1 messages received, 1 sent',
        'its server: a call of /lab.Lab/Bidi (bidi): 1 messages received, 1 sent',
      ]);
      call.unsubscribe();
    });
    assertNothingSubscribed(client);
  });

  it('refuses what cannot have subscriptions', () => {
    for (const given of [{}, undefined, 5, NEVER, implement.partial(Lab, {})]) {
      expect(() => assertNothingSubscribed(given as object)).to.throw(
        TypeError,
        /expected clients, servers and results of watch/,
      );
    }
  });
});

describe('assertNothingSubscribed (over the wire)', () => {
  const bench = useBench();

  it('lists the calls of a client and of a server', async () => {
    const { client, server } = await bench.run({ unary: () => NEVER });
    const call = client.unary(note).subscribe();
    await settled(() => (thrownBy(() => assertNothingSubscribed(client, server)).actual as string[]).length);
    expect(thrownBy(() => assertNothingSubscribed(client, server)).actual).to.deep.equal([
      'a call of /lab.Lab/Unary (unary): 0 messages received, 1 sent',
      'a call of /lab.Lab/Unary (unary): 0 messages received, 0 sent',
    ]);
    call.unsubscribe();
    await untilNothingSubscribed(client, server);
  });
});

overEachTransport('untilNothingSubscribed', bench => {
  it('waits until the other side has noticed the end', async () => {
    const response = watch(NEVER as Observable<Note>, 'response$');
    const { client, server } = await bench.run({ bidi: () => response.source$ });
    const call = client.bidi(NEVER).subscribe();
    await settled(() => response.active);
    call.unsubscribe();
    expect(response.active).to.equal(1);
    await untilNothingSubscribed(client, server, response);
    expect(response).to.include({ active: 0, subscriptions: 1 });
  });

  it('rejects after a second, with the remaining subscriptions', async () => {
    const { client, server } = await bench.run({ bidi: request$ => request$.pipe(take(1)) });
    const call = client.bidi(NEVER.pipe(share())).subscribe();
    const start = performance.now();
    const error = await rejectionOf(untilNothingSubscribed(client, server));
    expect(performance.now() - start).to.be.within(990, 3000);
    expect(error).to.be.instanceOf(AssertionError);
    expect(error.actual).to.include('a call of /lab.Lab/Bidi (bidi): 0 messages received, 0 sent');
    call.unsubscribe();
  });
});
