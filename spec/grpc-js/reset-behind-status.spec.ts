import { expect } from 'chai';
import { concat, EMPTY, map, NEVER, Observable, of, range, throwError } from 'rxjs';
import { Code, RpcError } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { type RawClient, rawClient, requestHeaders } from '../faults/raw-client.ts';
import { callOf, inAllShapes, type LabHandler, streaming, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, type Shape, shapes } from '../support/lab.ts';
import { plainCall } from '../support/plain.ts';
import { record } from '../support/record.ts';
import {
  data,
  endings,
  type Frame,
  headerBlock,
  isEndOfStream,
  message,
  NO_ERROR,
  RST_STREAM,
  windowUpdate,
} from './raw-peer.ts';

const note: Note = { n: 1 };
const ENDS_AND_RESETS = ['END_STREAM', `RST_STREAM ${NO_ERROR}`];

/** Handlers that end their call while its requests are open. */
const handlers: readonly (readonly [string, LabHandler])[] = [
  ['OK', () => of(note)],
  ['an error', () => throwError(() => new RpcError(Code.NOT_FOUND, 'no'))],
  ['an error after headers', (_, call) => {
    call.sendHeaders({ 'x-key': 'v' });
    return throwError(() => new RpcError(Code.NOT_FOUND, 'no'));
  }],
]; // biome-ignore format: in one

/** Requests that reach no handler. */
const refusals: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['an unknown method', { ':path': '/lab.Lab/None' }],
  ['an unknown service', { ':path': '/none.None/None' }],
  ['a content-type that is not gRPC', { 'content-type': 'text/plain' }],
  ['a content-type that merely starts like gRPC', { 'content-type': 'application/grpc-web' }],
  ['another verb', { ':method': 'PUT' }],
  ['an unknown compression', { 'grpc-encoding': 'foo' }],
  ['an ill-formed timeout', { 'grpc-timeout': '1s' }],
];

describe('A call that ends before its requests', () => {
  const bench = useBench();

  const connect = (port: number): RawClient => {
    const client = rawClient(port, {});
    bench.onEnd(() => client.socket.destroy());
    return client;
  };
  const ofStream = (client: RawClient, id: number): Frame[] => client.frames.filter(({ stream }) => stream === id);
  const isReset =
    (id: number) =>
    ({ type, stream }: Frame): boolean =>
      type === RST_STREAM && stream === id;

  for (const shape of shapes) {
    for (const [how, handler] of handlers) {
      it(`is reset with NO_ERROR after its status, ${how}: ${shape}`, async () => {
        const { server } = await bench.run(inAllShapes(handler));
        const client = connect(server.port);
        for (const requests of [0, 1, 3]) {
          const id = client.open(shape);
          client.send(...Array.from({ length: requests }, () => data(id, message(note))));
          await client.seen(isReset(id));
          expect(endings(ofStream(client, id))).to.deep.equal(ENDS_AND_RESETS);
        }
      });
    }

    it(`is not reset when its requests have ended, read or not: ${shape}`, async () => {
      const { server } = await bench.run(inAllShapes(handlers[0]![1]));
      const client = connect(server.port);
      const last = 30;
      let id = 0;
      for (let n = 0; n <= last; n++) {
        id = client.open(shape);
        const body = Array.from({ length: n }, () => data(id, message(note)));
        client.send(...body, data(id, Buffer.alloc(0), true));
      }
      await client.counted(last + 1, isEndOfStream);
      // Anything sent after these has arrived by the time that a later call has ended.
      id = client.open(shape);
      await client.seen(isReset(id));
      expect(client.frames.filter(({ type }) => type === RST_STREAM)).to.have.length(1);
    });

    it(`does not occupy a stream of its connection: ${shape}`, async () => {
      const options = { serverOptions: { 'grpc.max_concurrent_streams': 1 } };
      const { server } = await bench.run(inAllShapes(handlers[0]![1]), options);
      const client = connect(server.port);
      for (let n = 0; n < 20; n++) {
        const id = client.open(shape);
        await client.seen(isReset(id));
        expect(endings(ofStream(client, id))).to.deep.equal(ENDS_AND_RESETS);
        client.send(data(id, message(note))); // was in flight
      }
      expect(client.socket.destroyed).to.equal(false);
    });
  }

  for (const [how, headers] of refusals) {
    it(`is reset when it is refused for ${how}`, async () => {
      for (const channelz of [0, 1]) {
        const { server } = await bench.run(
          { bidi: () => of(note) },
          { serverOptions: { 'grpc.enable_channelz': channelz } },
        );
        const client = connect(server.port);
        for (let id = 1; id < 41; id += 2) {
          client.send(headerBlock(id, { ...requestHeaders('bidi'), ...headers }, false));
          client.send(data(id, message(note)));
          await client.seen(isReset(id));
          expect(endings(ofStream(client, id))).to.deep.equal(ENDS_AND_RESETS);
        }
        client.send(headerBlock(41, { ...requestHeaders('bidi'), ...headers }, true));
        await client.seen(frame => frame.stream === 41 && isEndOfStream(frame));
        client.send(headerBlock(43, requestHeaders('bidi'), false));
        await client.seen(isReset(43));
        expect(endings(ofStream(client, 41))).to.deep.equal(['END_STREAM']);
      }
    });
  }

  it('is reset after messages that the client reads late', async () => {
    const { server } = await bench.run({
      bidi: () => range(0, 400).pipe(map(n => ({ n, text: 'x'.repeat(1000) }))),
    });
    const client = rawClient(server.port, { window: 1000 });
    bench.onEnd(() => client.socket.destroy());
    const id = client.open('bidi');
    await client.seen(({ type, stream }) => stream === id && type === 0);
    expect(endings(ofStream(client, id))).to.deep.equal([]);
    client.send(windowUpdates(id));
    await client.seen(isReset(id));
    expect(endings(ofStream(client, id))).to.deep.equal(ENDS_AND_RESETS);
    const bytes = ofStream(client, id).reduce((sum, { type, payload }) => (type === 0 ? sum + payload.length : sum), 0);
    expect(bytes).to.be.above(400_000);
  });
});

/** Larger than any response here; the window of a stream and of its connection. */
function windowUpdates(id: number): Buffer {
  return Buffer.concat([windowUpdate(id, 2 ** 24), windowUpdate(0, 2 ** 24)]);
}

describe('A client whose call is reset after its status', () => {
  const bench = useBench();
  const COUNT = 300;
  const text = 'x'.repeat(1000);

  /** An upload that never ends: idle, endless, or larger than the window. */
  const uploads: readonly (readonly [string, () => Observable<Note>])[] = [
    ['is idle', () => NEVER],
    ['continues', () => concat(range(0, 50).pipe(map(n => ({ n, text }))), NEVER)],
    ['is blocked', () => concat(of({ n: 0, text: 'x'.repeat(1_000_000) }), NEVER)],
  ];
  const ends: readonly (readonly [string, Observable<never>, Code])[] = [
    ['OK', EMPTY, Code.OK],
    ['an error', throwError(() => new RpcError(Code.NOT_FOUND, 'no')), Code.NOT_FOUND],
  ];

  const early =
    (shape: Shape, end$: Observable<never>): LabHandler =>
    () =>
      streaming(shape).responses
        ? concat(range(0, COUNT).pipe(map(n => ({ n, text }))), end$)
        : concat(end$, of({ n: 0, text }));

  for (const shape of ['clientStream', 'bidi'] as const) {
    const expected = streaming(shape).responses ? COUNT : 1;
    for (const [end, end$, code] of ends) {
      for (const [upload, request$] of uploads) {
        for (const isSlow of streaming(shape).responses ? [false, true] : [false]) {
          it(`receives all responses and ${end}: ${shape} whose upload ${upload}${isSlow ? ', read slowly' : ''}`, async () => {
            const { client } = await bench.run(inAllShapes(early(shape, end$)));
            for (let i = 0; i < 5; i++) {
              const response$ = callOf(client, shape, request$());
              const turn = () => new Promise(resolve => setImmediate(resolve));
              const slowly$ = response$.pipe(concatMap(value => turn().then(() => value)));
              const { values, ending } = record(isSlow ? slowly$ : response$);
              expect(((await ending).error as RpcError | undefined)?.code ?? Code.OK).to.equal(code);
              if (code === Code.OK || streaming(shape).responses) {
                // concatMap drops the value that it waits for when its source errors.
                expect(values.length).to.be.within(code === Code.OK || !isSlow ? expected : 1, expected);
              }
            }
          });
        }
      }
    }
  }

  for (const shape of shapes) {
    it(`receives the status and all responses with plain grpc-js: ${shape}`, async () => {
      const { server } = await bench.run(inAllShapes(early(shape, EMPTY)));
      for (const requests of [1, 500]) {
        const many = Array.from({ length: streaming(shape).requests ? requests : 1 }, (_, n) => ({ n, text }));
        const { notes, status } = await plainCall(server.target.replace('http://', ''), shape, many);
        expect([status.code, notes.length]).to.deep.equal([Code.OK, streaming(shape).responses ? COUNT : 1]);
      }
    });
  }

  it('ends its upload and sends nothing more', async () => {
    const stopped = deferred();
    const { client } = await bench.run({ bidi: () => of(note) });
    const upload$ = new Observable<Note>(() => stopped.resolve);
    const { values, ending } = record(client.bidi(upload$));
    expect([await ending, values]).to.deep.equal([{}, [note]]);
    await stopped.promise;
  });
});
