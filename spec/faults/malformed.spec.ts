import { expect } from 'chai';
import { Code, load } from '../../lib/index.ts';
import { CANCEL, data, message, RST_STREAM, responseHeaders } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';

const one: Note = { n: 1 };
const two: Note = { n: 2 };
const three: Note = { n: 3 };

/** Fields of a message with a string as its first field and a number as its second. */
const malformed: Readonly<Record<string, string>> = {
  'a tag that ends early': '80',
  'a number that ends early': '1080',
  'a varint of eleven bytes': '10ffffffffffffffffffff7f',
  'a string that goes beyond the end': '0a7f61',
  'a string of 4 GiB': '0affffffff0f61',
  'a string that is not UTF-8': '0a01ff',
  'an unknown field that goes beyond the end': '1a7f61',
  'field 0': '0200',
  'wire type 6': '0e',
  'wire type 7': '0f',
  'the end of a group without its start': '0c',
  'a group that does not end': '0b',
  'groups without end': '0b'.repeat(10_000),
};

/** The Lab service with protobuf messages; the control call at the end of a spec uses JSON. */
async function protobufLab(): Promise<typeof Lab> {
  const { Users } = await load(new URL('../codec/protos/users.proto', import.meta.url).pathname);
  const deserialize = (bytes: Buffer) =>
    bytes[0] === '{'.charCodeAt(0) ? JSON.parse(bytes.toString()) : Users.chat.requestDeserialize(bytes);
  return Object.fromEntries(
    shapes.map(shape => [shape, { ...Lab[shape], requestDeserialize: deserialize, responseDeserialize: deserialize }]),
  ) as unknown as typeof Lab;
}

const malformedRequest = { code: Code.INTERNAL, details: 'a request cannot be decoded' };
const malformedResponse = { code: Code.INTERNAL, details: 'a response cannot be decoded' };

describe('Malformed protobuf in requests', () => {
  const bad = useBadClient();

  for (const [what, hex] of Object.entries(malformed)) {
    it(`${what}: INTERNAL, after the requests before it`, async () => {
      const { call, handler, livesOn } = await bad.run({ service: await protobufLab() });
      for (const [n, shape] of shapes.entries()) {
        const { stream, answer } = call(shape);
        const before = streaming(shape).requests ? [one, two] : [];
        const after = streaming(shape).requests ? [three] : [];
        stream.write(
          Buffer.concat([
            ...before.map(good => message(good)),
            message(Buffer.from(hex, 'hex')),
            ...after.map(good => message(good)),
          ]),
        );
        // Its stream may remain open or not.
        if (!streaming(shape).requests) stream.end();
        const { values, ending, over } = await handler(n);
        const status = (await answer).trailers;
        expect(status, shape).to.include({ 'grpc-status': `${Code.INTERNAL}` });
        expect(decodeURI(String(status['grpc-message']))).to.equal(malformedRequest.details);
        const { error } = (await ending) as { error?: any };
        expect(error).to.include(malformedRequest);
        expect(error.cause.message).to.match(/^malformed users\.User: at byte/);
        expect(values).to.deep.equal(before);
        await over;
        stream.close();
      }
      await livesOn();
    });
  }

  itGivesBackTheMemory();
});

describe('Malformed protobuf in responses', () => {
  const bad = useBadServer();

  for (const [what, hex] of Object.entries(malformed)) {
    it(`${what}: INTERNAL, after the responses before it, and the call is cancelled`, async () => {
      const { peer, call, livesOn } = await bad.run({ service: await protobufLab() });
      for (const shape of shapes) {
        const { id, values, ending } = await call(shape);
        const before = streaming(shape).responses ? [one, two] : [];
        const all = Buffer.concat([...before.map(good => message(good)), message(Buffer.from(hex, 'hex'))]);
        peer.send(responseHeaders(id), data(id, all));
        const { error } = (await ending) as { error?: any };
        expect(error, shape).to.include(malformedResponse);
        expect(error.cause.message).to.match(/^malformed users\.User: at byte/);
        expect(values).to.deep.equal(before);
        const reset = await peer.seen(({ type, stream }) => type === RST_STREAM && stream === id);
        expect(reset.payload.readUInt32BE()).to.equal(CANCEL);
      }
      await livesOn();
    });
  }

  itGivesBackTheMemory();
});
