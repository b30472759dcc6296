import http2 from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { Code, close, RpcError, toAsyncIterable } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { clients } from './each-client.ts';
import { CANCEL, data, endings, message, RST_STREAM, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

/** The page that Apache 2.4 inserts into a response whose backend has gone. */
const PAGE = Buffer.from('<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>502 Proxy Error');
const OK = { 'grpc-status': '0' };
const isPage = 'INTERNAL: the received data is not a gRPC message, whose first byte is 0 or 1: it begins with "<!DOC"';

const notes = (count: number): Note[] => Array.from({ length: count }, (_, n) => ({ n }));
const inWords = (error: unknown): string => {
  const { codeName, details } = error as RpcError;
  return `${codeName}: ${details}`;
};

/** A message of this many bytes. */
const ofBytes = (bytes: number): Buffer => message(Buffer.from(JSON.stringify({ n: 1, text: '' }).padEnd(bytes, ' ')));

describe('Foreign bytes between the messages of a response', () => {
  const peers = usePeers();

  for (const kind of ['connect()', 'connect() with interceptors'] as const) {
    it(`are reported as a page when they are one, and the call is cancelled: ${kind}`, async () => {
      const { peer } = await peers.run();
      const client = clients[kind](peer);
      peers.onEnd(() => close(client));
      const { values, ending, received } = record(client.bidi(NEVER));
      const stream = await peer.stream(0);
      peer.send(responseHeaders(stream), ...notes(3).map(note => data(stream, message(note))));
      expect(await received(3)).to.deep.equal(notes(3));
      peer.send(data(stream, PAGE));
      expect(inWords((await ending).error)).to.equal(isPage);
      expect(values).to.deep.equal(notes(3));
      await peer.seen(frame => frame.type === RST_STREAM);
      expect(endings(peer.frames(stream))).to.deep.equal([`RST_STREAM ${CANCEL}`]);
    });

    it(`are an error in their turn when they look like a message with another first byte: ${kind}`, async () => {
      const { peer } = await peers.run();
      const client = clients[kind](peer);
      peers.onEnd(() => close(client));
      const values: Note[] = [];
      const reading = (async () => {
        for await (const note of toAsyncIterable(client.bidi(NEVER))) {
          values.push(note);
          for (let turns = 0; turns < 3; turns++) await turn();
        }
      })();
      const stream = await peer.stream(0);
      const odd = message({ n: 40 });
      odd[0] = 2;
      const before = notes(40).map(note => data(stream, message(note)));
      peer.send(responseHeaders(stream), ...before, data(stream, odd), ...before, trailers(stream, OK));
      const end = await reading.catch(inWords);
      expect(end).to.match(/^INTERNAL: the received data is not a gRPC message, .* the bytes 02 00 00 00 08$/);
      expect(values).to.deep.equal(notes(40));
    });
  }

  it('are distinguished from large messages, which the option named in the error allows', async () => {
    const ends: unknown[] = [];
    for (const channelOptions of [{}, { 'grpc.max_receive_message_length': 5_000_000 }]) {
      const { peer, client } = await peers.run({}, { channelOptions });
      const { values, ending } = record(client.bidi(NEVER));
      const stream = await peer.stream(0);
      const large = ofBytes(5_000_000);
      peer.send(responseHeaders(stream));
      for (let at = 0; at < large.length; at += 16_384) peer.send(data(stream, large.subarray(at, at + 16_384)));
      peer.send(trailers(stream, OK));
      const { error } = await ending;
      ends.push(error === undefined ? values.length : inWords(error));
    }
    expect(ends).to.deep.equal([
      'RESOURCE_EXHAUSTED: Received message larger than max (5000000 vs 4194304); ' +
        "to accept larger ones, raise channelOptions 'grpc.max_receive_message_length' of connect()",
      1,
    ]);
  });

  it('need the patch: without it, a page is reported as a message that is too large', async () => {
    const seen = async (adjust: 'on' | 'off') => {
      const { peer } = await peers.run();
      const end = peers.inChild(adjust, 'details', peer.target);
      const stream = await peer.stream(0);
      peer.send(responseHeaders(stream), data(stream, PAGE));
      return end;
    };
    expect(await Promise.all([seen('on'), seen('off')])).to.deep.equal([
      isPage,
      'RESOURCE_EXHAUSTED: Received message larger than max (558124867 vs 4194304)',
    ]);
  });
});

describe('Foreign bytes between the messages of a request', () => {
  const bench = useBench();

  /** The status that a plain HTTP/2 client receives for these bytes, for each shape. */
  async function statusesOf(target: string, bytes: Buffer): Promise<string[]> {
    const statuses: string[] = [];
    for (const shape of shapes) {
      const session = http2.connect(target);
      bench.onEnd(() => session.destroy());
      const path = Lab[shape].path;
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
      const said = new Promise<http2.IncomingHttpHeaders>(resolve => {
        stream.on('response', headers => 'grpc-status' in headers && resolve(headers));
        stream.once('trailers', resolve);
      });
      stream.on('error', () => {}); // from a reset after the status
      stream.end(bytes);
      stream.resume();
      const { 'grpc-status': code, 'grpc-message': text = '' } = await said;
      statuses.push(`${code} ${decodeURI(String(text))}`.trim());
    }
    return statuses;
  }

  it('are reported as a page when they are one', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const details = 'the received data is not a gRPC message, whose first byte is 0 or 1: it begins with "<!DOC"';
    expect(await statusesOf(server.target, PAGE)).to.deep.equal(shapes.map(() => `13 ${details}`));
  });

  it('are distinguished from large messages, which the option named in the error allows', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const details =
      'Received message larger than max (5000000 vs 4194304); ' +
      "to accept larger ones, raise serverOptions 'grpc.max_receive_message_length' of serve()";
    expect(await statusesOf(server.target, ofBytes(5_000_000))).to.deep.equal(shapes.map(() => `8 ${details}`));
    const serverOptions = { 'grpc.max_receive_message_length': 5_000_000 };
    const larger = await bench.run(
      inAllShapes(request$ => request$),
      { serverOptions },
    );
    const oks = await statusesOf(larger.server.target, ofBytes(5_000_000));
    expect(oks.map(status => status.split(' ')[0])).to.deep.equal(shapes.map(() => '0'));
  });

  it('are not assumed for a status with the same text that a handler passes on', async () => {
    const text = 'Received message larger than max (5000000 vs 4194304)';
    const { server } = await bench.run(
      inAllShapes(() => {
        throw new RpcError(Code.RESOURCE_EXHAUSTED, text);
      }),
    );
    expect(await statusesOf(server.target, ofBytes(10))).to.deep.equal(shapes.map(() => `8 ${text}`));
  });
});
