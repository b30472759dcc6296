import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { concat, NEVER, of, throwError } from 'rxjs';
import { Code, implement, loopback, RpcError } from '../../lib/index.ts';
import { type Collected, collect, marbles } from '../../lib/testing.ts';
import { inAllShapes, overEachTransport } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };

overEachTransport('collect', bench => {
  for (const shape of shapes) {
    it(`resolves with everything from a call that succeeds: ${shape}`, async () => {
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          call.sendHeaders({ h: call.metadata.get('asked').map(String) });
          call.trailers.set('t', 'x');
          return request$;
        }),
      );
      const asked = { metadata: { asked: 'y' } };
      const result = await collect(client[shape] as typeof client.unary, of(note), asked);
      expect(result.responses).to.deep.equal([note]);
      expect(result.headers!.get('h')).to.deep.equal(['y']);
      expect(result.trailers!.get('t')).to.deep.equal(['x']);
      expect(result.status.code).to.equal(Code.OK);
      expect(result.status.metadata).to.equal(result.trailers);
      expect(result.error).to.equal(undefined);
    });

    it(`resolves for a call that ends with an error, with everything before it: ${shape}`, async () => {
      const failure = new RpcError(Code.ABORTED, 'x', { metadata: { t: 'y' } });
      const { client } = await bench.run(
        inAllShapes(request$ =>
          concat(
            request$,
            throwError(() => failure),
          ),
        ),
      );
      const { responses, headers, trailers, status, error } = await collect(
        client[shape] as typeof client.unary,
        of(note),
      );
      const isStream = shape === 'serverStream' || shape === 'bidi';
      expect(responses).to.deep.equal(isStream ? [note] : []);
      expect(headers === undefined).to.equal(!isStream);
      expect(trailers!.get('t')).to.deep.equal(['y']);
      expect(status).to.deep.include({ code: Code.ABORTED, details: 'x' });
      expect(error).to.be.instanceOf(RpcError).with.property('code', Code.ABORTED);
    });
  }

  it('has no headers when none arrived', async () => {
    const { client } = await bench.run(inAllShapes(() => throwError(() => new RpcError(Code.ABORTED, 'x'))));
    expect((await collect(client.bidi, NEVER)).headers).to.equal(undefined);
  });

  it('resolves when request$ fails, with its error and CANCELLED', async () => {
    const { client } = await bench.run(inAllShapes(() => NEVER));
    const mine = new Error('mine');
    const { error, status, trailers } = await collect(client.bidi, throwError(() => mine)); // biome-ignore format: in one
    expect(error).to.equal(mine);
    expect(status.code).to.equal(Code.CANCELLED);
    expect(trailers).to.equal(undefined);
  });

  it('throws on misuse at once', async () => {
    const { client } = await bench.run({});
    expect(thrownBy(() => collect(5 as never, 5 as never))).to.be.instanceOf(TypeError);
    expect(thrownBy(() => collect(client.bidi, note as never))).to.be.instanceOf(TypeError);
    expect(thrownBy(() => collect(client.bidi, NEVER, { timeout: 5 } as never))).to.be.instanceOf(TypeError);
  });

  it('infers its types from the method', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    expectTypeOf(await collect(client.unary, note)).toEqualTypeOf<Collected<Note>>();
    // @ts-expect-error the field n of a note is a number
    await collect(client.unary, { n: 'x' });
  });
});

describe('collect in virtual time', () => {
  it('resolves after the marbles have run', async () => {
    const client = loopback(implement.partial(Lab, { serverStream: () => concat(of(note), NEVER) }));
    const { status, responses } = await marbles(() => collect(client.serverStream, note, { timeoutMs: 60_000 }));
    expect(status.code).to.equal(Code.DEADLINE_EXCEEDED);
    expect(responses).to.deep.equal([note]);
  });
});
