import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { lastValueFrom, NEVER, of, Subject, take, takeUntil } from 'rxjs';
import { Code, contextKey, implement, isRpcError, loopback, RpcError, type ServerCall } from '../../lib/index.ts';
import { deadline } from '../../lib/middleware.ts';
import { marbles, testCall } from '../../lib/testing.ts';
import type { LabHandler } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };

describe('testCall', () => {
  it('returns a call for a handler', async () => {
    const handler: LabHandler = (request$, call) => {
      call.sendHeaders({ h: call.metadata.get('asked').map(String) });
      call.trailers.set('t', 'x');
      return request$;
    };
    const call = testCall({ metadata: { asked: 'y' } });
    expectTypeOf(call).toExtend<ServerCall>();
    expect(call.headers).to.equal(undefined);
    expect(await lastValueFrom(handler(of(note), call))).to.deep.equal(note);
    expect(call.headers!.get('h')).to.deep.equal(['y']);
    expect(call.trailers.get('t')).to.deep.equal(['x']);
    expect(thrownBy(() => call.sendHeaders({})).message).to.match(/sent already/);
  });

  it('has the given values, and minimal defaults', () => {
    const certificate = { subject: { CN: 'me' } } as any;
    const deadline = new Date(Date.now() + 60_000);
    using given = testCall({ method: Lab.unary, peer: '1.2.3.4:5', deadline, peerCertificate: certificate });
    expect(given).to.include({ path: '/lab.Lab/Unary', peer: '1.2.3.4:5', peerCertificate: certificate });
    expect(given.deadline).to.deep.equal(deadline);
    expect(given.method.requestStream).to.equal(false);
    using least = testCall();
    expect(least).to.include({
      path: '/test.Test/Call',
      peer: 'in-process',
      deadline: undefined,
      peerCertificate: undefined,
    });
    expect(least.metadata.getMap()).to.deep.equal({});
    expect(least.signal.aborted).to.equal(false);
    const user = contextKey<string>('user');
    least.context.set(user, 'Ann');
    expect(least.context.get(user)).to.equal('Ann');
  });

  it('is cancelled by cancel(): signal, cancelled$ and child calls get the reason, once', async () => {
    const reasons: unknown[] = [];
    const call = testCall();
    const cancelled = record(call.cancelled$);
    call.signal.addEventListener('abort', () => reasons.push(call.signal.reason));
    const client = loopback(implement.partial(Lab, { unary: () => NEVER }));
    const child = record(client.unary(note, call));
    call.cancel();
    call.cancel(new RpcError(Code.UNAVAILABLE, 'later'));
    call.end();
    expect(isRpcError(reasons[0], Code.CANCELLED)).to.equal(true);
    expect(reasons).to.deep.equal(cancelled.values);
    expect(cancelled.values).to.have.length(1);
    expect(await cancelled.ending).to.deep.equal({});
    expect((await child.ending).error).to.include({ code: Code.CANCELLED });
  });

  it('is cancelled with a given reason', () => {
    const reason = new RpcError(Code.UNAVAILABLE, 'shutting down');
    const call = testCall();
    call.cancel(reason);
    expect(call.signal.reason).to.equal(reason);
    expect(record(call.cancelled$).values).to.deep.equal([reason]);
  });

  it('ends normally by end() or the end of its block, without a cancellation', async () => {
    const call = testCall({ draining$: NEVER });
    const [cancelled, draining] = [record(call.cancelled$), record(call.draining$)];
    call.end();
    call.cancel();
    expect([cancelled.values, await cancelled.ending, await draining.ending]).to.deep.equal([[], {}, {}]);
    expect(call.signal.aborted).to.equal(false);
    let escaped: ServerCall | undefined;
    {
      using inBlock = testCall();
      escaped = inBlock;
    }
    expect(await record(escaped.cancelled$).ending).to.deep.equal({});
  });

  it('has the given draining$', async () => {
    const draining$ = new Subject<void>();
    const { ending } = record(NEVER.pipe(takeUntil(testCall({ draining$ }).draining$)));
    draining$.next();
    expect(await ending).to.deep.equal({});
  });

  it('ends at its deadline: in virtual time', () => {
    marbles(({ expectObservable }) => {
      const call = testCall({ deadline: new Date(5) });
      expectObservable(call.cancelled$).toBe('-----(x|)', { x: { code: Code.DEADLINE_EXCEEDED } });
      const ended = testCall({ deadline: new Date(5) });
      ended.end();
      expectObservable(ended.cancelled$).toBe('|');
    });
  });

  it('ends by middleware that limits its time', () => {
    marbles(({ expectObservable }) => {
      const call = testCall();
      const rpc = deadline(20)(request$ => request$, call.method);
      expectObservable(rpc(NEVER, call), '^ 30ms !').toBe('-');
      expectObservable(call.cancelled$).toBe('20ms (x|)', { x: { code: Code.DEADLINE_EXCEEDED } });
    });
  });

  it('ends at its deadline: in real time, and keeps no process alive until then', async () => {
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
    const before = timers();
    using _far = testCall({ deadline: new Date(Date.now() + 60_000) });
    using never = testCall({ deadline: new Date(8.64e15) });
    expect(timers()).to.equal(before);
    const keptAlive = setTimeout(() => {}, 8000);
    const { ending, values } = record(testCall({ deadline: new Date(Date.now() + 20) }).cancelled$.pipe(take(1)));
    await ending;
    clearTimeout(keptAlive);
    expect(values[0]).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect(never.signal.aborted).to.equal(false);
  });

  it('refuses unknown and mistyped options', () => {
    for (const [options, message] of [
      [5, /plain object/],
      [{ header: {} }, /no option "header".*metadata/],
      [{ deadline: 5 }, /deadline to be a valid Date, got number/],
      [{ deadline: new Date(Number.NaN) }, /deadline/],
      [{ draining$: 5 }, /draining\$ to be an Observable/],
      [{ method: 'x' }, /method to be a method of a service/],
      [{ method: null }, /method to be a method of a service, got null/],
      [{ metadata: { 'a b': 'x' } }, /metadata.*"a b"/],
    ] as const) {
      const error = thrownBy(() => testCall(options as never));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(message);
    }
  });
});
