import { expect } from 'chai';
import { Code, codeName } from '../../lib/index.ts';
import { CANCEL, data, message, RST_STREAM, responseHeaders, trailers } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK } from './points.ts';

const one: Note = { n: 1 };
const two: Note = { n: 2 };
const MAX_BYTES = 4 * 1024 * 1024; // grpc-js's default maximum for a received message

/** The prefix of a message: a flag and the length. */
const head = (flag: number, length: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes[0] = flag;
  bytes.writeUInt32BE(length, 1);
  return bytes;
};
const flagged = (flag: number, note: Note): Buffer => {
  const bytes = message(note);
  bytes[0] = flag;
  return bytes;
};

interface FrameError {
  readonly code: Code;
  readonly details: string;
}

interface Fault {
  readonly what: string;
  /** The bytes after valid messages. */
  readonly bytes: Buffer;
  /** The error that the client gets for these bytes as a request, and as a response. */
  readonly ofRequest: FrameError;
  readonly ofResponse: FrameError;
  /**
   * The handler gets the same error, after everything before it. Otherwise the handler gets a cancellation, and grpc-js drops
   * data that arrived in one packet with the oversized message; so does the client.
   */
  readonly isToldTheSame?: boolean;
}

const tooLarge = (length: number, option: string): FrameError => ({
  code: Code.RESOURCE_EXHAUSTED,
  details: `Received message larger than max (${length} vs ${MAX_BYTES}); to accept larger ones, raise ${option}`,
});
const largerThanMax = (length: number) => ({
  ofRequest: tooLarge(length, "serverOptions 'grpc.max_receive_message_length' of serve()"),
  ofResponse: tooLarge(length, "channelOptions 'grpc.max_receive_message_length' of connect()"),
});
const noMessage = (beginning: string): FrameError => ({
  code: Code.INTERNAL,
  details: `the received data is not a gRPC message, whose first byte is 0 or 1: it begins with ${beginning}`,
});
const cutOff: FrameError = { code: Code.INTERNAL, details: 'the stream ended inside a message' };
const truncated = { ofRequest: cutOff, ofResponse: cutOff, isToldTheSame: true } as const;

const faults: readonly Fault[] = [
  {
    what: 'a message of one byte more than 4 MiB',
    bytes: Buffer.concat([head(0, MAX_BYTES + 1), Buffer.alloc(100)]),
    ...largerThanMax(MAX_BYTES + 1),
  },
  { what: 'a message of 4 GiB', bytes: head(0, 0xffffffff), ...largerThanMax(0xffffffff) },
  // Apache writes one into a response that has started.
  {
    what: 'an error page',
    bytes: Buffer.from('<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html></html>'),
    ofRequest: noMessage('"<!DOC"'),
    ofResponse: noMessage('"<!DOC"'),
  },
  {
    what: 'bytes that are not gRPC',
    bytes: Buffer.from('ff7f00a09c', 'hex'),
    ofRequest: noMessage('the bytes ff 7f 00 a0 9c'),
    ofResponse: noMessage('the bytes ff 7f 00 a0 9c'),
  },
  { what: 'an end after the flag', bytes: head(0, 7).subarray(0, 1), ...truncated },
  { what: 'an end in the length', bytes: head(0, 7).subarray(0, 3), ...truncated },
  { what: 'an end after the length', bytes: head(0, 7), ...truncated },
  { what: 'an end before the last byte', bytes: message(two).subarray(0, -1), ...truncated },
  // The specification permits 0 and 1 only.
  ...[2, 3, 0x7f, 0x80, 0xff].map(flag => ({
    what: `the flag 0x${flag.toString(16)}`,
    bytes: flagged(flag, two),
    ofRequest: { code: Code.INTERNAL, details: `the compressed-flag of a message is 0 or 1, not ${flag}` },
    ofResponse: noMessage(`the bytes ${flag.toString(16).padStart(2, '0')} 00 00 00 07`),
  })),
];

describe('Message frames of requests', () => {
  const bad = useBadClient();

  for (const { what, bytes, ofRequest: error, isToldTheSame } of faults) {
    for (const shape of shapes) {
      it(`${what}: ${codeName(error.code)}, ${shape}`, async () => {
        for (const isSplit of [false, true]) {
          const { call, handler, livesOn } = await bad.run();
          const { stream, answer } = call(shape);
          const before = streaming(shape).requests ? [one] : [];
          for (const good of before) stream.write(message(good));
          for (const part of isSplit ? [...bytes].map(byte => Buffer.from([byte])) : [bytes]) stream.write(part);
          stream.end();

          const { values, ending, over } = await handler(0);
          const status = (await answer).trailers;
          expect(status).to.include({ 'grpc-status': `${error.code}` });
          expect(decodeURI(String(status['grpc-message']))).to.equal(error.details);
          expect((await ending).error).to.include(isToldTheSame ? error : { code: Code.CANCELLED });
          expect(before.slice(0, values.length)).to.deep.equal(values);
          if (isToldTheSame) expect(values).to.deep.equal(before);
          await over;
          await livesOn();
        }
      });
    }
  }

  itGivesBackTheMemory();
});

describe('Message frames of responses', () => {
  const bad = useBadServer();

  for (const { what, bytes, ofResponse: error, isToldTheSame } of faults) {
    for (const shape of shapes) {
      it(`${what}: ${codeName(error.code)}, ${shape}`, async () => {
        const { peer, call, livesOn } = await bad.run();
        for (const isSplit of [false, true]) {
          const { id, values, ending } = await call(shape);
          const before = streaming(shape).responses ? [one] : [];
          const all = Buffer.concat([...before.map(good => message(good)), bytes]);
          peer.send(
            responseHeaders(id),
            ...(isSplit ? [...all].map(byte => data(id, Buffer.from([byte]))) : [data(id, all)]),
            trailers(id, OK),
          );
          expect((await ending).error).to.include(error);
          expect(before.slice(0, values.length)).to.deep.equal(values);
          if (isToldTheSame) expect(values).to.deep.equal(before);
        }
        await livesOn();
      });
    }
  }

  it('a message that is too large cancels the call', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const { id, ending } = await call(shape);
      peer.send(responseHeaders(id), data(id, head(0, MAX_BYTES + 1)));
      expect((await ending).error, shape).to.include(largerThanMax(MAX_BYTES + 1).ofResponse);
      const reset = await peer.seen(({ type, stream }) => type === RST_STREAM && stream === id);
      expect(reset.payload.readUInt32BE()).to.equal(CANCEL);
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
