import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  concat,
  finalize,
  ignoreElements,
  map,
  mergeMap,
  NEVER,
  of,
  Subscriber,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { onCancelled } from '../../lib/core/server-call.ts';
import { Code, connect, implement, RpcError, type ServerCall, serve } from '../../lib/index.ts';
import { incomingCall } from '../../lib/server/incoming-call.ts';
import { callOf, inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { isBefore, withEnoughTime } from '../support/enough-time.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, type Recording, record, thrownBy } from '../support/record.ts';
import { tls } from '../support/tls.ts';

const note: Note = { n: 1 };

overEachTransport('cancelled$', (bench, transport) => {
  for (const shape of shapes) {
    it(`emits the reason of the end, which is also the signal's reason, and completes; for late subscribers, too: ${shape}`, async () => {
      const started = deferred<ServerCall>();
      const early = deferred<Recording<RpcError>>();
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          early.resolve(record(call.cancelled$));
          started.resolve(call);
          return NEVER;
        }),
      );
      const { subscription } = record(callOf(client, shape, of(note)));
      const call = await started.promise;
      subscription.unsubscribe();
      const recording = await early.promise;
      expect(await recording.ending).to.deep.equal({});
      const [reason, ...more] = recording.values;
      expect(more).to.deep.equal([]);
      expect(reason).to.include({ code: Code.CANCELLED, path: Lab[shape].path });
      expect(call.signal.reason).to.equal(reason);
      const late = record(call.cancelled$);
      expect([late.values, await late.ending]).to.deep.equal([[reason], {}]);
    });

    it(`completes without a value when the call ends by itself, with or without an error; for late subscribers, too: ${shape}`, async () => {
      for (const answer of [
        of(note),
        throwError(() => new RpcError(Code.ABORTED, 'x')),
        throwError(() => new Error('x')),
      ]) {
        const calls: { readonly call: ServerCall; readonly early: Recording<RpcError> }[] = [];
        const { client } = await bench.run(
          inAllShapes((_, call) => {
            calls.push({ call, early: record(call.cancelled$) });
            return answer;
          }),
        );
        await record(callOf(client, shape, of(note))).ending;
        const { call, early } = calls[0]!;
        for (const recording of [early, record(call.cancelled$)]) {
          expect([await recording.ending, recording.values]).to.deep.equal([{}, []]);
        }
        expect(call.signal.aborted).to.equal(false);
      }
    });
  }

  it('emits DEADLINE_EXCEEDED when the deadline passes', () =>
    withEnoughTime(50, async timeoutMs => {
      const told = deferred<Recording<RpcError>>();
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          told.resolve(record(call.cancelled$));
          return NEVER;
        }),
      );
      if (!(await isBefore(told.promise, errorOf(client.bidi(NEVER, { timeoutMs }))))) return false;
      const { ending, values } = await told.promise;
      await ending;
      // The client cancels at its own deadline; over the wire, the server may see this cancellation before its own deadline.
      if (values[0]?.code === Code.CANCELLED && transport === 'over the wire') return false;
      expect(values.map(({ code }) => code)).to.deep.equal([Code.DEADLINE_EXCEEDED]);
      return true;
    }));

  it('stops work as a notifier, and that work ends with its own completion', async () => {
    const work: string[] = [];
    const stopped = deferred();
    const started = deferred();
    const { client } = await bench.run({
      unary: (_, call) =>
        timer(0, 1).pipe(
          tap(() => started.resolve()),
          takeUntil(call.cancelled$),
          tap({ complete: () => work.push('completed') }),
          finalize(() => stopped.resolve()),
          ignoreElements(),
        ),
    });
    const { subscription } = record(client.unary(note));
    await started.promise;
    subscription.unsubscribe();
    await stopped.promise;
    expect(work).to.deep.equal(['completed']);
  });
});

describe('cancelled$ and signal', () => {
  const fakeStream = { metadata: new Metadata(), getDeadline: () => Infinity };
  const fake = () => incomingCall(fakeStream as never, Lab.bidi, { draining$: NEVER, abort: () => {} });

  it('retain no listener that has left, and none after the call has ended', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const call = fake();
    /** Listens in both ways, and returns weak references to the listeners. */
    const listen = (isLeaving: boolean): readonly WeakRef<object>[] => {
      const subscriber = new Subscriber<RpcError>();
      call.cancelled$.subscribe(subscriber);
      const child = (): void => {};
      const leave = call[onCancelled](child);
      if (isLeaving) {
        subscriber.unsubscribe();
        leave();
      }
      return [new WeakRef(subscriber), new WeakRef(child)];
    };
    const [left, stayed] = [listen(true), listen(false)];
    const areHeld = async (refs: readonly WeakRef<object>[]): Promise<boolean[]> => {
      await new Promise(setImmediate);
      collect();
      return refs.map(ref => ref.deref() !== undefined);
    };
    expect([...(await areHeld(left)), ...(await areHeld(stayed))]).to.deep.equal([false, false, true, true]);
    call.end(undefined);
    expect(await areHeld(stayed)).to.deep.equal([false, false]);
    expect(call.path).to.equal(Lab.bidi.path);
  });
});

overEachTransport('A ServerCall', (bench, transport) => {
  it('has the path, shape, metadata, deadline and peer of its call', async () => {
    const seen: unknown[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        const { path, requestStream, responseStream } = call.method;
        seen.push([
          call.path,
          path,
          requestStream,
          responseStream,
          call.metadata.get('a')[0],
          call.deadline,
          call.peer,
        ]);
        return request$;
      }),
    );
    const deadline = new Date(Date.now() + 60_000);
    for (const shape of shapes)
      await record(callOf(client, shape, of(note), { metadata: { a: shape }, deadline })).ending;
    for (const [index, shape] of shapes.entries()) {
      const { path, requestStream, responseStream } = Lab[shape];
      const [known, at, peer] = [(seen[index] as unknown[]).slice(0, 5), ...(seen[index] as unknown[]).slice(5)];
      expect(known).to.deep.equal([path, path, requestStream, responseStream, shape]);
      expect((at as Date).getTime()).to.be.closeTo(deadline.getTime(), 1000);
      expect(peer).to.match(transport === 'over the wire' ? /^127\.0\.0\.1:\d+$/ : /^in-process$/);
    }
  });

  it('sends its headers once, before any response, and its trailers with the status, in every shape', async () => {
    const second: unknown[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        call.sendHeaders({ h: ['a', 'b'], 'h-bin': new Uint8Array([1]) });
        second.push(thrownBy(() => call.sendHeaders({})));
        return request$.pipe(tap(() => call.trailers.set('t', 'late')));
      }),
    );
    for (const shape of shapes) {
      const seen: Metadata[] = [];
      const look = (metadata: Metadata) => seen.push(metadata);
      await record(callOf(client, shape, of(note), { onHeaders: look, onTrailers: look })).ending;
      expect(seen.map(metadata => metadata.get('h').join(', '))).to.deep.equal(['a, b', '']);
      expect(seen[0]!.get('h-bin')).to.deep.equal([Buffer.from([1])]);
      expect(seen[1]!.get('t')).to.deep.equal(['late']);
      expect(String(second.pop())).to.equal(
        `Error: ${Lab[shape].path}: the response headers were sent already, with sendHeaders or the first response`,
      );
    }
  });

  it('sends no headers after a response, refuses invalid headers, and works normally afterwards', async () => {
    const errors: unknown[] = [];
    const { client } = await bench.run({
      bidi: (request$, call) => {
        for (const headers of [{ 'a b': 'x' }, { te: 'x' }, { 'a-bin': 'x' }, 5]) {
          errors.push(thrownBy(() => call.sendHeaders(headers as never)));
        }
        call.sendHeaders({ h: 'good' });
        return request$;
      },
      serverStream: (request$, call) =>
        request$.pipe(
          mergeMap(one =>
            concat(
              of(one),
              of(one).pipe(
                tap(() => call.sendHeaders({ h: 'late' })),
                map(() => one),
              ),
            ),
          ),
        ),
    });
    const headers: (string | Buffer)[] = [];
    const options = { onHeaders: (metadata: Metadata) => headers.push(...metadata.get('h')) };
    expect(await record(client.bidi(of(note), options)).ending).to.deep.equal({});
    expect(headers).to.deep.equal(['good']);
    for (const error of errors) expect(error).to.be.instanceOf(TypeError);
    expect((await record(client.serverStream(note)).ending).error).to.include({ code: Code.UNKNOWN });
  });
});

describe('The peer of a ServerCall', () => {
  const bench = useBench();

  it('remains available after the call has ended: with OK, by cancellation, or with a lost connection', async () => {
    const calls: ServerCall[] = [];
    const peers: string[] = [];
    const ended = deferred();
    const { client, server } = await bench.run({
      unary: (request$, call) => {
        calls.push(call);
        return request$;
      },
      bidi: (_, call) => {
        calls.push(call);
        call.cancelled$.subscribe(() => {
          peers.push(call.peer);
          ended.resolve();
        });
        return of(note).pipe(mergeMap(() => concat(of(note), NEVER)));
      },
    });
    await record(client.unary(note)).ending;
    const raw = rawCall(server, '/lab.Lab/Bidi');
    await new Promise(resolve => raw.stream.once('response', resolve));
    raw.close();
    await ended.promise;
    for (const { peer } of [...calls, { peer: peers[0] }]) expect(peer).to.match(/^127\.0\.0\.1:\d+$/);
  });
});

describe('peerCertificate', () => {
  const bench = useBench();
  const shown = { ca: tls.cert, key: tls.key, cert: tls.cert };

  for (const [how, serverTls, clientTls, name] of [
    ["is the caller's when the server requests one", { ...tls, ca: tls.cert }, shown, 'localhost'],
    ['is undefined when the server requests none', tls, shown, undefined],
    ['is undefined over plaintext', undefined, undefined, undefined],
  ] as const) {
    it(`${how}; in every shape, and after the call`, async () => {
      const calls: ServerCall[] = [];
      const names: unknown[] = [];
      const service = implement.partial(
        Lab,
        inAllShapes((request$, call) => {
          calls.push(call);
          names.push(call.peerCertificate?.subject.CN);
          return request$;
        }),
      );
      const scheme = serverTls === undefined ? 'http' : 'https';
      const server = await serve(`${scheme}://127.0.0.1:0`, service, { tls: serverTls });
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      const client = connect(Lab, `${scheme}://localhost:${server.port}`, { tls: clientTls });
      for (const shape of shapes) {
        expect((await record(callOf(client, shape, of(note), { timeoutMs: 5000 })).ending).error).to.equal(undefined);
      }
      client[Symbol.dispose]();
      await server.shutdown({ graceMs: 0 });
      expect(names).to.deep.equal(shapes.map(() => name));
      expect(calls.map(({ peerCertificate }) => peerCertificate?.subject.CN)).to.deep.equal(names);
    });
  }
});

describe('An RPC named like a property of every object', () => {
  const bench = useBench();

  it('does not count as implemented by that property, and can be called', async () => {
    const service = { ToString: { ...Lab.unary, path: '/lab.Lab/ToString' } };
    expect(() => implement(service, {} as never)).to.throw(TypeError, /expected a function for "toString"/);
    for (const [bound, code] of [
      [implement.partial(service, {}), Code.UNIMPLEMENTED],
      [implement(service, { toString: request$ => request$ }), undefined],
    ] as const) {
      const server = await serve('http://127.0.0.1:0', bound);
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      const client = connect(service, server.target);
      bench.onEnd(() => client[Symbol.dispose]());
      expect((await errorOf(client.toString(note)))?.code).to.equal(code);
    }
  });
});
