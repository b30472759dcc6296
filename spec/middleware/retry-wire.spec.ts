import { expect } from 'chai';
import { concat, EMPTY, map, NEVER, of, Subject, throwError } from 'rxjs';
import { Code, pull, RpcError } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };
const busy = (metadata = {}) => throwError(() => new RpcError(Code.UNAVAILABLE, 'busy', { metadata }));
const quick = { initialBackoffMs: 1, maxBackoffMs: 1 };

describe('retry over the wire', () => {
  const bench = useBench();

  for (const shape of shapes) {
    it(`repeats the call until it succeeds, sends the attempt count, and passes on only the last trailers: ${shape}`, async () => {
      const attempts: unknown[][] = [];
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          attempts.push(call.metadata.get('grpc-previous-rpc-attempts'));
          call.trailers.set('attempt', String(attempts.length));
          return attempts.length < 3 ? busy() : request$;
        }),
        {},
        { middleware: [retry(quick)] },
      );
      const trailers: unknown[] = [];
      const options = { onTrailers: (t: any) => trailers.push(...t.get('attempt')) };
      const { values, ending } = record(callOf(client, shape, of(note), options));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
      expect(attempts).to.deep.equal([[], ['1'], ['2']]);
      expect(trailers).to.deep.equal(['3']);
    });
  }

  it('accepts a message as well as an Observable of one', async () => {
    let attempts = 0;
    const { client } = await bench.run(
      { unary: request$ => (++attempts < 3 ? busy() : request$) },
      {},
      { middleware: [retry(quick)] },
    );
    const { values, ending } = record(client.unary(note));
    await ending;
    expect([attempts, values]).to.deep.equal([3, [note]]);
  });

  it('obeys the pushback in the trailers', async () => {
    let attempts = 0;
    const { client } = await bench.run(
      {
        unary: () => busy({ 'grpc-retry-pushback-ms': ++attempts < 3 ? '0' : '-1' }),
      },
      {},
      { middleware: [retry({ initialBackoffMs: 60_000, maxBackoffMs: 60_000 })] },
    );
    expect(await errorOf(client.unary(note))).to.include({ code: Code.UNAVAILABLE });
    expect(attempts).to.equal(3);
  });

  it('passes on the error at once when the requests cannot be replayed: a Subject, an incoming call', async () => {
    let attempts = 0;
    const { server } = await bench.run({
      bidi: () => {
        attempts++;
        return busy();
      },
    });
    const retrying = bench.connect(server, { middleware: [retry(quick)] });
    expect(await errorOf(retrying.bidi(new Subject<Note>()))).to.include({ code: Code.UNAVAILABLE });
    expect(attempts).to.equal(1);
    const gateway = await bench.run({
      bidi: request$ =>
        request$.pipe(
          map(n => n),
          retrying.bidi,
        ),
    });
    expect(await errorOf(gateway.client.bidi(of(note)))).to.include({ code: Code.UNKNOWN });
    expect(attempts).to.equal(2);
    expect(gateway.hidden[0]).to.include({ code: Code.UNAVAILABLE });
  });

  it('resumes a broken stream at its last response, until everything has arrived once', async () => {
    const asked: number[] = [];
    const fourFrom = ({ n: from }: Note) => {
      asked.push(from);
      const rows$ = pull(function* () {
        for (let n = from; n < Math.min(from + 4, 10); n++) yield { n };
      });
      return concat(rows$, from + 4 < 10 ? busy() : EMPTY);
    };
    const { client } = await bench.run(
      { serverStream: request$ => request$.pipe(concatMap(fourFrom)) },
      {},
      {
        middleware: [
          retry<Note, Note>({
            ...quick,
            resume: (last, request$) => request$.pipe(map(request => ({ ...request, n: last.n + 1 }))),
          }),
        ],
      },
    );
    const { values, ending } = record(client.serverStream({ n: 0 }));
    expect(await ending).to.deep.equal({});
    expect(values.map(({ n }) => n)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(asked).to.deep.equal([0, 4, 8]);
  });

  it('ends the running attempt when it is unsubscribed', async () => {
    const cancelled = deferred<unknown>();
    let attempts = 0;
    const { client } = await bench.run(
      {
        bidi: (request$, call) => {
          if (++attempts === 1) return busy();
          call.signal.addEventListener('abort', () => cancelled.resolve(call.signal.reason));
          return concat(of(note), request$);
        },
      },
      {},
      { middleware: [retry(quick)] },
    );
    const recording = record(client.bidi(NEVER));
    await recording.received(1);
    recording.subscription.unsubscribe();
    expect(await cancelled.promise).to.include({ code: Code.CANCELLED });
    expect(attempts).to.equal(2);
  });
});
