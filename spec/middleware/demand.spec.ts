import { expect } from 'chai';
import type { Observable } from 'rxjs';
import { contextKey, pull } from '../../lib/index.ts';
import { bearer, concurrencyLimit, deadline, logging, retry, verifyBearer } from '../../lib/middleware.ts';
import { Counted } from '../backpressure/support/counted.ts';
import { Sink } from '../backpressure/support/sink.ts';
import { FakeCall, method, unavailable } from './support/fakes.ts';

const user = contextKey<string>('user');
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Each middleware, and the call argument that it receives. */
const all: Record<string, [middleware: any, call: () => any]> = {
  'deadline on a client': [deadline(1000), () => ({})],
  'deadline on a server': [deadline(1000), () => new FakeCall().call],
  retry: [retry(), () => ({})],
  'retry with resume': [retry({ resume: (_, request$) => request$ }), () => ({})],
  'logging on a client': [logging({ logger: quiet }), () => ({})],
  'logging on a server': [logging({ logger: quiet }), () => new FakeCall().call],
  bearer: [bearer('t'), () => ({})],
  'bearer over plaintext': [bearer('t', { allowPlaintext: true }), () => ({})],
  'bearer that asks for the token': [bearer(async () => 't', { allowPlaintext: true }), () => ({})],
  verifyBearer: [verifyBearer(user, token => token), () => new FakeCall('Bearer t').call],
  'verifyBearer that waits': [verifyBearer(user, async token => token), () => new FakeCall('Bearer t').call],
  concurrencyLimit: [concurrencyLimit({ max: 1 }), () => ({})],
};

describe('The demand below a full middleware', () => {
  for (const [name, [middleware, call]] of Object.entries(all)) {
    it(`reaches the source of the responses: ${name}`, async () => {
      const source = new Counted();
      const sink = new Sink<number>(3);
      const rpc = middleware(() => pull(source), method);
      const subscription = rpc(pull([0]), call()).subscribe(sink);
      await sink.has(3);
      expect(source.asked).to.equal(3);
      sink.admit(2);
      expect(source.asked).to.equal(5);
      subscription.unsubscribe();
      expect(source.returned).to.equal(1);
    });

    it(`reaches the source of the requests: ${name}`, async () => {
      const source = new Counted();
      const sink = new Sink<number>(3);
      const rpc = middleware((request$: Observable<number>) => request$, method);
      const subscription = rpc(pull(source), call()).subscribe(sink);
      await sink.has(3);
      expect(source.asked).to.equal(3);
      sink.admit(2);
      expect(source.asked).to.equal(5);
      subscription.unsubscribe();
      expect(source.returned).to.equal(1);
    });
  }

  it('also reaches the second attempt of a retry', async () => {
    const source = new Counted();
    const sink = new Sink<number>(3);
    let attempts = 0;
    const rpc = retry({ initialBackoffMs: 1 })((request$: Observable<number>) => {
      if (++attempts === 1) throw unavailable();
      return request$;
    }, method);
    const subscription = rpc(pull(source), {}).subscribe(sink);
    await sink.has(3);
    expect([attempts, source.asked]).to.deep.equal([2, 3]);
    subscription.unsubscribe();
  });

  it('also reaches a call that was queued by concurrencyLimit', async () => {
    const limit = concurrencyLimit({ max: 1, maxQueued: 1 });
    const source = new Counted();
    const sink = new Sink<number>(3);
    const rpc = limit<any>(request$ => request$, method);
    const first = rpc(pull(new Counted()), {}).subscribe(new Sink(0));
    const second = rpc(pull(source), {}).subscribe(sink);
    expect(source.asked).to.equal(0);
    first.unsubscribe();
    await sink.has(3);
    expect(source.asked).to.equal(3);
    second.unsubscribe();
  });
});
