import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import type { ServerOptions } from '@grpc/grpc-js';
import { expect } from 'chai';
import { of, Subject } from 'rxjs';
import { findPrivateParts, type PrivateSubchannel } from '../../lib/grpc-js/private.ts';
import { inspect } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

/** A hook that Node has for its own tests: it sets the next stream id. Ids run from there to 2^31 - 1, every other one. */
const leave = (calls: number, session: ClientHttp2Session): void =>
  (session as unknown as { setNextStreamID(id: number): void }).setNextStreamID(2 ** 31 + 1 - 2 * calls);

describe('A connection whose stream ids are almost used up (grpc-js)', () => {
  const bench = useBench();
  const { subchannel } = findPrivateParts()!;
  const sessions = new Set<ClientHttp2Session>();
  let undo: () => void;

  before(() => {
    const { createCall } = subchannel;
    subchannel.createCall = function (this: PrivateSubchannel, ...args) {
      if (this.transport !== null) sessions.add(this.transport.session);
      return createCall.apply(this, args);
    };
    undo = () => {
      subchannel.createCall = createCall;
    };
  });
  after(() => undo());
  beforeEach(() => sessions.clear());

  /** A client with one connection, on which this many more calls can start. */
  async function nearTheEnd(calls: number, serverOptions: ServerOptions = {}) {
    const lab = await bench.run(
      inAllShapes(request$ => request$),
      { serverOptions },
      { channelOptions: { 'grpc.per_rpc_retry_buffer_size': 4096 } },
    );
    expect(await record(lab.client.unary(note)).ending).to.deep.equal({});
    const [session] = sessions;
    leave(calls, session!);
    return { ...lab, session: session! };
  }

  it('is replaced in time, without a failed call, in every shape', async () => {
    for (const shape of shapes) {
      sessions.clear();
      const { client } = await nearTheEnd(3);
      for (let n = 0; n < 10; n++) {
        const { ending, values } = record(callOf(client, shape, of(note)));
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([note]);
      }
      expect(sessions.size).to.equal(2);
    }
  });

  it('is also replaced in the middle of calls that are made in one turn', async () => {
    const { client } = await nearTheEnd(3);
    const calls = Array.from({ length: 20 }, (_, n) => record(callOf(client, shapes[n % 4]!, of(note))));
    for (const { ending, values } of calls) {
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
    }
    expect(sessions.size).to.equal(2);
  });

  it('remains for its running calls, and is closed after the last of them', async () => {
    const { client, session } = await nearTheEnd(2);
    const note$ = [new Subject<Note>(), new Subject<Note>()] as const;
    const running = note$.map(request$ => record(client.bidi(request$)));
    for (let n = 1; n <= 3; n++) {
      expect(await record(client.unary(note)).ending).to.deep.equal({});
      for (const [i, { received }] of running.entries()) {
        note$[i]!.next({ n });
        expect(await received(n)).to.deep.include({ n });
      }
    }
    expect(sessions.size).to.equal(2);
    expect(session.closed).to.equal(false);
    const closed = once(session, 'close');
    for (const [i, { ending }] of running.entries()) {
      note$[i]!.complete();
      expect(await ending).to.deep.equal({});
    }
    await closed;
    expect(await record(client.unary(note)).ending).to.deep.equal({});
  });

  it('is replaced for calls that wait for a stream of it', async () => {
    const { client } = await nearTheEnd(2, { 'grpc.max_concurrent_streams': 1 });
    const note$ = new Subject<Note>();
    const first = record(client.bidi(note$));
    note$.next(note);
    await first.received(1);
    const waiting = Array.from({ length: 4 }, () => record(client.unary(note)));
    await settled(() => inspect(client).calls.filter(({ sent }) => sent.waitsFor === 'stream').length);
    note$.complete();
    for (const { ending } of [first, ...waiting]) expect(await ending).to.deep.equal({});
    expect(sessions.size).to.equal(2);
  });
});
