import http2 from 'node:http2';
import { expect } from 'chai';
import fc from 'fast-check';
import { NEVER, throwError } from 'rxjs';
import { percentDecode } from '../../lib/grpc-js/percent-decode.ts';
import { Code, close, codeName, RpcError } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { Lab, type Shape, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { type ClientKind, clients } from './each-client.ts';
import { data, message, type RawPeer, responseHeaders, trailers, trailersOnly } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

type Fields = Parameters<typeof trailers>[1];

const answers: Readonly<Record<string, (peer: RawPeer, stream: number, fields: Fields) => void>> = {
  'after a response': (peer, stream, fields) =>
    peer.send(responseHeaders(stream), data(stream, message({ n: 1 })), trailers(stream, fields)),
  'in a trailers-only response': (peer, stream, fields) => peer.send(trailersOnly(stream, fields)),
};

describe('The status in the trailers of a call', () => {
  const peers = usePeers();

  /** The error of a call whose server answers with these trailers. */
  async function endWith(kind: ClientKind, answer: keyof typeof answers, fields: Fields) {
    const { peer } = await peers.run();
    const client = clients[kind](peer, peers.onEnd);
    peers.onEnd(() => close(client));
    const { ending } = record(client.bidi(NEVER, { timeoutMs: 10_000 }));
    answers[answer]!(peer, await peer.stream(0), fields);
    return (await ending).error as RpcError | undefined;
  }

  const texts: Readonly<Record<string, string>> = {
    'which%3F%20%23%201%2F2': 'which? # 1/2',
    '%E4%BD%A0 100% %41 %zz %ff': '你 100% A %zz %ff',
    '%C3%A9 é': 'é é',
  };
  for (const answer of Object.keys(answers)) {
    for (const kind of ['connect()', 'connect() with interceptors'] as const) {
      for (const [header, text] of Object.entries(texts)) {
        it(`grpc-message ${JSON.stringify(header)} ${answer} is ${JSON.stringify(text)}, for ${kind}`, async () => {
          const error = await endWith(kind, answer, {
            'grpc-status': '5',
            'grpc-message': header,
            t: 'x',
            'u-bin': 'AAE=',
          });
          expect(error).to.include({ code: Code.NOT_FOUND, details: text });
          expect(error!.metadata.get('t')).to.deep.equal(['x']);
          expect(error!.metadata.get('u-bin')).to.deep.equal([Buffer.from([0, 1])]);
          expect(error!.metadata.get('grpc-message')).to.deep.equal([]);
        });
      }

      for (const [code, said] of [
        ['', '""'],
        ['five', '"five"'],
        ['0x5', '"0x5"'],
        ['1.5', '"1.5"'],
        [['0', '0'], '"0, 0"'],
        [['5', '7'], '"5, 7"'],
      ] as const) {
        it(`grpc-status ${said} ${answer} is INTERNAL with an explanation, for ${kind}`, async () => {
          const error = await endWith(kind, answer, { 'grpc-status': code, 'grpc-message': 'a%20b' });
          const details = `the server sent grpc-status ${said}, which is no status code (a b)`;
          expect(error).to.include({ code: Code.INTERNAL, details });
        });
      }
    }

    it(`grpc-status twice ${answer} is INTERNAL, for a grpc-js Client`, async () => {
      const error = await endWith('a Client of grpc-js', answer, { 'grpc-status': ['5', '5'], 'grpc-message': 'gone' });
      const details = 'the grpc-status of the response is not a number (NaN): gone';
      expect(error).to.include({ code: Code.INTERNAL, details });
    });

    it(`grpc-status with leading zeros ${answer} is the number`, async () => {
      expect(await endWith('connect()', answer, { 'grpc-status': '005' })).to.include({ code: Code.NOT_FOUND });
      expect(await endWith('connect()', answer, { 'grpc-status': '00' })).to.equal(undefined);
    });
  }

  it('needs the patch: without it escapes remain', async () => {
    const seen = async (adjust: 'on' | 'off') => {
      const { peer } = await peers.run();
      const end = peers.inChild(adjust, 'details', peer.target);
      peer.send(trailersOnly(await peer.stream(0), { 'grpc-status': '5', 'grpc-message': 'which%3F' }));
      return end;
    };
    const ends = await Promise.all([seen('on'), seen('off')]);
    expect(ends).to.deep.equal(['NOT_FOUND: which?', 'NOT_FOUND: which%3F']);
  });
});

describe('The status that a server sends', () => {
  const bench = useBench();

  it('escapes any text as the protocol requires', async () => {
    let text = '';
    const { server, client } = await bench.run(inAllShapes(() => throwError(() => new RpcError(Code.ABORTED, text))));
    const session = http2.connect(server.target);
    bench.onEnd(() => session.close());
    const sent = async (shape: Shape): Promise<http2.IncomingHttpHeaders> => {
      const stream = session.request({
        ':method': 'POST',
        ':path': Lab[shape].path,
        'content-type': 'application/grpc',
      });
      stream.end(message({ n: 1 }));
      const headers = new Promise<http2.IncomingHttpHeaders>(resolve => {
        stream.once('response', resolve);
        stream.once('trailers', resolve);
      });
      stream.resume();
      return headers;
    };
    const check = async (of: readonly Shape[]): Promise<void> => {
      for (const shape of of) {
        const { 'grpc-status': code, 'grpc-message': header } = await sent(shape);
        expect([code, codeName(Number(code))]).to.deep.equal(['10', 'ABORTED']);
        expect(header).to.match(/^[ -~]*$/); // printable ASCII
        expect(String(header).replaceAll(/%[\dA-F]{2}/g, '')).to.not.include('%');
        expect(percentDecode(String(header))).to.equal(text.toWellFormed());
        const { error } = (await record(callOf(client, shape, NEVER)).ending) as { error?: RpcError };
        expect(error?.details).to.equal(text.toWellFormed());
      }
    };
    for (text of ['100% %41 %', ' a\tb\r\n', '?#/;:@&=+$,', '你 é 😀 \ud83d', '\0\x7f\u2028']) await check(shapes);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async random => {
        text = random;
        await check(['unary']);
      }),
      { numRuns: 20 },
    );
  });
});
