import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { Code, close, type RpcError } from '../../lib/index.ts';
import { callOf } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { type ClientKind, clients } from './each-client.ts';
import { data, message, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const OK = { 'grpc-status': '0' };
const note = { n: 1 };
const gzipped = message(gzipSync(JSON.stringify(note)), true);

/** The error of a client without the patch, for all of them. */
const SOME_REASON = 'a response is compressed, and its grpc-encoding is missing or not one of gzip and deflate';

describe('A compressed response', () => {
  const peers = usePeers();

  for (const [what, fields, details] of [
    ['without a grpc-encoding', {}, 'a response is compressed, but no grpc-encoding says how'],
    [
      'with grpc-encoding: identity',
      { 'grpc-encoding': 'identity' },
      'a response is compressed, but its grpc-encoding is "identity"',
    ],
    [
      'with an unknown grpc-encoding',
      { 'grpc-encoding': 'snappy' },
      'a response is compressed and its grpc-encoding is "snappy", which is none of gzip, deflate and identity',
    ],
    [
      'with two of them',
      { 'grpc-encoding': ['gzip', 'gzip'] },
      'a response is compressed and its grpc-encoding is "gzip, gzip", which is none of gzip, deflate and identity',
    ],
  ] as const) {
    for (const kind of Object.keys(clients) as ClientKind[]) {
      it(`${what} ends the call with INTERNAL and an explanation, for ${kind}`, async () => {
        const { peer } = await peers.run();
        const client = clients[kind](peer, peers.onEnd);
        peers.onEnd(() => close(client));
        for (const [n, shape] of shapes.entries()) {
          const { values, ending } = record(callOf(client, shape, NEVER, { timeoutMs: 10_000 }));
          const stream = await peer.stream(n);
          peer.send(responseHeaders(stream, fields), data(stream, gzipped), trailers(stream, OK));
          const { error } = (await ending) as { error?: RpcError };
          const expected = kind === 'a Client of grpc-js' ? SOME_REASON : details;
          expect(error, shape).to.include({ code: Code.INTERNAL, details: expected });
          expect(values).to.deep.equal([]);
        }
      });
    }
  }

  it('with gzip is read normally', async () => {
    const { peer, client } = await peers.run();
    const { values, ending } = record(client.bidi(NEVER));
    const stream = await peer.stream(0);
    const headers = responseHeaders(stream, { 'grpc-encoding': 'gzip' });
    peer.send(headers, data(stream, gzipped), data(stream, message(note)), trailers(stream, OK));
    expect(await ending).to.deep.equal({});
    expect(values).to.deep.equal([note, note]);
  });

  it('that is too large when decompressed is accepted with the option that its error names', async () => {
    const text = 'x'.repeat(5_000_000);
    const ends: unknown[] = [];
    for (const channelOptions of [{}, { 'grpc.max_receive_message_length': 6_000_000 }]) {
      const { peer, client } = await peers.run({}, { channelOptions });
      const { values, ending } = record(client.bidi(NEVER));
      const stream = await peer.stream(0);
      const large = data(stream, message(gzipSync(JSON.stringify({ n: 1, text })), true));
      peer.send(responseHeaders(stream, { 'grpc-encoding': 'gzip' }), large, trailers(stream, OK));
      const { error } = (await ending) as { error?: RpcError };
      ends.push(error === undefined ? values[0]!.text!.length : [error.codeName, error.details]);
    }
    expect(ends).to.deep.equal([
      [
        'RESOURCE_EXHAUSTED',
        'Received message that decompresses to a size larger than 4194304; ' +
          "to accept larger ones, raise channelOptions 'grpc.max_receive_message_length' of connect()",
      ],
      5_000_000,
    ]);
  });

  it('needs the patch: without it the error cannot name the compression', async () => {
    const seen = async (adjust: 'on' | 'off') => {
      const { peer } = await peers.run();
      const end = peers.inChild(adjust, 'details', peer.target);
      const stream = await peer.stream(0);
      peer.send(responseHeaders(stream, { 'grpc-encoding': 'snappy' }), data(stream, gzipped), trailers(stream, OK));
      return end;
    };
    const [on, off] = await Promise.all([seen('on'), seen('off')]);
    expect(on).to.match(/^INTERNAL: .*"snappy"/);
    expect(off).to.equal(`INTERNAL: ${SOME_REASON}`);
  });
});
