import { expect } from 'chai';
import { Code, codeName } from '../../lib/index.ts';
import { data, headerBlock, message, responseHeaders, trailers, trailersOnly } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK } from './points.ts';

const note: Note = { n: 1 };

/** A response of one message whose trailers contain an arbitrary status. */
const endedBy =
  (fields: Readonly<Record<string, string>>) =>
  (id: number): Buffer[] => [responseHeaders(id), data(id, message(note)), trailers(id, fields)];

const httpError = (status: number) => (id: number) => [
  headerBlock(id, { ':status': String(status), 'content-type': 'text/plain' }, true),
];

interface Fault {
  readonly what: string;
  readonly frames: (id: number) => Buffer[];
  /** Undefined: the call succeeds. */
  readonly code: Code | undefined;
  readonly details?: string;
  /** The message was delivered before. */
  readonly hasNote?: boolean;
}

const faults: readonly Fault[] = [
  {
    what: 'trailers without grpc-status',
    frames: endedBy({ 'x-other': 'y' }),
    code: Code.UNKNOWN,
    details: 'Received HTTP status code 200',
    hasNote: true,
  },
  {
    what: 'no trailers at all',
    frames: id => [responseHeaders(id), data(id, message(note), true)],
    code: Code.INTERNAL,
    details: 'Received RST_STREAM with code 0 (Call ended without gRPC status)',
    hasNote: true,
  },
  {
    what: 'headers only',
    frames: id => [trailersOnly(id, {})],
    code: Code.UNKNOWN,
    details: 'Received HTTP status code 200',
  },
  {
    what: 'a grpc-status that is not a number',
    frames: endedBy({ 'grpc-status': 'fine', 'grpc-message': '100%25' }),
    code: Code.INTERNAL,
    details: 'the server sent grpc-status "fine", which is no status code (100%)',
    hasNote: true,
  },
  {
    what: 'an empty grpc-status',
    frames: endedBy({ 'grpc-status': '' }),
    code: Code.INTERNAL,
    details: 'the server sent grpc-status "", which is no status code',
    hasNote: true,
  },
  {
    what: 'a grpc-status in hexadecimal',
    frames: endedBy({ 'grpc-status': '0x5' }),
    code: Code.INTERNAL,
    details: 'the server sent grpc-status "0x5", which is no status code',
    hasNote: true,
  },
  {
    what: 'a grpc-status that does not exist',
    frames: endedBy({ 'grpc-status': '99', 'grpc-message': 'odd' }),
    code: Code.UNKNOWN,
    details: 'status 99: odd',
    hasNote: true,
  },
  {
    what: 'a negative grpc-status',
    frames: endedBy({ 'grpc-status': '-1', 'grpc-message': 'odd' }),
    code: Code.UNKNOWN,
    details: 'status -1: odd',
    hasNote: true,
  },
  {
    what: 'an ill-encoded grpc-message',
    frames: endedBy({ 'grpc-status': '5', 'grpc-message': '100%, %zz%' }),
    code: Code.NOT_FOUND,
    details: '100%, %zz%',
    hasNote: true,
  },
  {
    what: 'a grpc-message that is not UTF-8',
    frames: endedBy({ 'grpc-status': '5', 'grpc-message': '%ff' }),
    code: Code.NOT_FOUND,
    details: '%ff',
    hasNote: true,
  },
  {
    what: 'a status among the headers alone',
    frames: id => [responseHeaders(id, { 'grpc-status': '5' }), data(id, message(note)), trailers(id, OK)],
    code: undefined,
    hasNote: true,
  },
  {
    what: 'trailers-only with an error',
    frames: id => [trailersOnly(id, { 'grpc-status': '5', 'grpc-message': 'gone' })],
    code: Code.NOT_FOUND,
    details: 'gone',
  },
  {
    what: 'trailers-only with an error, HTTP 503',
    frames: id => [headerBlock(id, { ':status': '503', 'content-type': 'application/grpc', 'grpc-status': '5' }, true)],
    code: Code.NOT_FOUND,
  },
  {
    what: 'two HEADERS before the messages',
    frames: id => [responseHeaders(id), ...endedBy(OK)(id)],
    code: Code.INTERNAL,
  },
  {
    what: 'trailers that do not end the stream',
    frames: id => [responseHeaders(id), data(id, message(note)), headerBlock(id, OK, false)],
    code: Code.INTERNAL,
    hasNote: true,
  },
  {
    what: 'early hints before the headers',
    frames: id => [headerBlock(id, { ':status': '103', link: 'x' }, false), ...endedBy(OK)(id)],
    code: undefined,
    hasNote: true,
  },
  { what: 'HEADERS without :status', frames: id => [headerBlock(id, { 'x-a': 'b' }, false)], code: Code.INTERNAL },
  // https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  ...Object.entries({
    400: Code.INTERNAL,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.UNIMPLEMENTED,
    429: Code.UNAVAILABLE,
    500: Code.UNKNOWN,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.UNAVAILABLE,
  }).map(([status, code]) => ({
    what: `HTTP ${status}`,
    frames: httpError(Number(status)),
    code,
    details: `Received HTTP status code ${status}`,
  })),
];

describe('The end of a response', () => {
  const bad = useBadServer();

  for (const { what, frames, code, details, hasNote = false } of faults) {
    it(`${what}: ${codeName(code ?? Code.OK)}`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { id, values, ending } = await call(shape);
        peer.send(...frames(id));
        const { error } = (await ending) as { error?: any };
        expect(error?.code, shape).to.equal(code);
        if (details !== undefined) expect(error.details, shape).to.equal(details);
        // A single response is held until the status is known to be OK.
        const isShown = hasNote && (code === undefined || streaming(shape).responses);
        expect(values, shape).to.deep.equal(isShown ? [note] : []);
      }
      await livesOn();
    });
  }

  it('that is trailers-only with OK is a response without messages', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const { id, values, ending } = await call(shape);
      peer.send(trailersOnly(id, OK));
      const { error } = await ending;
      if (streaming(shape).responses) expect(error).to.equal(undefined);
      else expect(error).to.include({ code: Code.UNIMPLEMENTED, details: 'expected one response, got none' });
      expect(values).to.deep.equal([]);
    }
    await livesOn();
  });

  it('with invalid google.rpc.Status details keeps its code and text', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const bytes of ['!!!', 'AAAA', '/////w==', '']) {
      const { id, ending } = await call('bidi');
      peer.send(trailersOnly(id, { 'grpc-status': '5', 'grpc-message': 'gone', 'grpc-status-details-bin': bytes }));
      const { error } = (await ending) as { error?: any };
      expect(error).to.include({ code: Code.NOT_FOUND, details: 'gone' });
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
