import { expect } from 'chai';
import { catchError, concat, NEVER, type Observable, of, throwError } from 'rxjs';
import {
  Code,
  connect,
  implement,
  type RichDetailInput,
  RpcError,
  retryDelayMs,
  retryInfo,
  richDetail,
  serve,
} from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { decodeStatus, encodeStatus } from '../support/google-rpc.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';
import { plainCall } from '../support/plain.ts';
import { metadataOf, plainFailure } from '../support/plain-failure.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf } from '../support/record.ts';

const note: Note = { n: 1 };
const key = 'grpc-status-details-bin';

const richDetails: readonly RichDetailInput[] = [
  { case: 'badRequest', value: { fieldViolations: [{ field: 'name', description: 'too short' }] } },
  retryInfo(1500),
  { case: 'unknown', value: { typeUrl: 'type.googleapis.com/users.Locked', value: Uint8Array.of(1, 2, 3) } },
];
const violation = { field: 'name', description: 'too short', reason: '', localizedMessage: undefined };
const expected = [
  { case: 'badRequest', value: { fieldViolations: [violation] } },
  { case: 'retryInfo', value: { retryDelay: { seconds: 1n, nanos: 500_000_000 } } },
  richDetails[2],
];
const failing = inAllShapes(request$ =>
  concat(
    request$,
    throwError(() => new RpcError(Code.INVALID_ARGUMENT, 'no such user', { richDetails })),
  ),
);

overEachTransport('Rich details', bench => {
  for (const shape of shapes) {
    it(`arrive at our client, after the messages sent before: ${shape}`, async () => {
      const { client } = await bench.run(failing);
      const error = await errorOf(callOf(client, shape, of(note)));
      expect(error).to.include({ code: Code.INVALID_ARGUMENT, details: 'no such user' });
      expect(error.richDetails).to.deep.equal(expected);
      expect(richDetail(error, 'badRequest')!.fieldViolations[0]!.field).to.equal('name');
      expect(retryDelayMs(error)).to.equal(1500);
    });
  }
});

describe('Rich details', () => {
  const bench = useBench();

  for (const shape of shapes) {
    it(`arrive at plain grpc-js as one trailer that protobufjs alone can read: ${shape}`, async () => {
      const { server } = await bench.run(failing);
      const { status } = await plainCall(server.target.replace('http://', ''), shape, [note]);
      expect(status).to.include({ code: Code.INVALID_ARGUMENT, details: 'no such user' });
      expect(status.metadata.get(key)).to.have.length(1);
      expect(decodeStatus(status.metadata.get(key)[0] as Buffer)).to.deep.equal({
        code: Code.INVALID_ARGUMENT,
        message: 'no such user',
        details: [
          [
            'type.googleapis.com/google.rpc.BadRequest',
            { fieldViolations: [{ field: 'name', description: 'too short' }] },
          ],
          ['type.googleapis.com/google.rpc.RetryInfo', { retryDelay: { seconds: '1', nanos: 500_000_000 } }],
          ['type.googleapis.com/users.Locked', Buffer.of(1, 2, 3)],
        ],
      });
    });

    it(`from plain grpc-js, encoded by protobufjs alone, are readable by our client: ${shape}`, async () => {
      const bytes = encodeStatus(Code.INVALID_ARGUMENT, 'x', [
        ['google.rpc.BadRequest', { fieldViolations: [{ field: 'name', description: 'too short' }] }],
        ['google.rpc.LocalizedMessage', { locale: 'de', message: 'zu kurz' }],
      ]);
      const metadata = metadataOf({ [key]: bytes });
      const other = await plainFailure({ code: Code.INVALID_ARGUMENT, details: 'x', metadata });
      bench.onEnd(other.stop);
      const client = connect(Lab, other.target);
      bench.onEnd(() => client[Symbol.dispose]());
      const error = await errorOf(callOf(client, shape, of(note)));
      expect(error.richDetails).to.deep.equal([
        { case: 'badRequest', value: { fieldViolations: [violation] } },
        { case: 'localizedMessage', value: { locale: 'de', message: 'zu kurz' } },
      ]);
    });
  }

  it('pass through a proxy and through RpcError.from byte for byte', async () => {
    const first = await bench.run(failing);
    const second = await bench.run(
      inAllShapes((request$, call) =>
        callOf(first.client, shapes.find(shape => call.path === Lab[shape].path)!, request$, call).pipe(rethrown),
      ),
    );
    const proxy = await serve('http://127.0.0.1:0', implement(Lab, second.client));
    bench.onEnd(() => proxy.shutdown({ graceMs: 0 }));
    const at = async (target: string, shape: Shape) =>
      (await plainCall(target.replace('http://', ''), shape, [note])).status.metadata.get(key);
    for (const shape of shapes) {
      expect(await at(proxy.target, shape)).to.deep.equal(await at(first.server.target, shape));
    }
  });

  it('that are malformed do no harm: the error arrives without details', async () => {
    const other = await plainFailure({ code: 5, details: 'x', metadata: metadataOf({ [key]: Buffer.of(0x0a, 0xff) }) });
    bench.onEnd(other.stop);
    const client = connect(Lab, other.target);
    bench.onEnd(() => client[Symbol.dispose]());
    const error = await errorOf(client.unary(note));
    expect(error).to.include({ code: Code.NOT_FOUND, details: 'x' });
    expect(error.richDetails).to.deep.equal([]);
  });

  it('that are too large are cut so that all trailers fit in the 8 KiB of other implementations, and the text says so', async () => {
    const large = { case: 'debugInfo', value: { detail: 'd'.repeat(1200) } } as const;
    const { server, client } = await bench.run({
      bidi: () =>
        throwError(
          () => new RpcError(Code.ABORTED, 'x'.repeat(700), { richDetails: [large, large, large, large, large] }),
        ),
    });
    const error = await errorOf(client.bidi(NEVER));
    expect(error.details).to.match(/^x{700} \(2 of 5 rich details left out: too large\)$/);
    expect(error.richDetails).to.have.length(3);
    const raw = rawCall(server, Lab.bidi.path);
    const { trailers } = await raw.finish();
    raw.close();
    const weight = Object.entries(trailers).reduce(
      (sum, [name, value]) => sum + name.length + `${value}`.length + 32,
      0,
    );
    expect(weight).to.be.within(6000, 8192);
  });
});

function rethrown(source$: Observable<Note>): Observable<Note> {
  return source$.pipe(
    catchError(error => {
      throw RpcError.from(error);
    }),
  );
}
