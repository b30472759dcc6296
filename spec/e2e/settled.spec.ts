import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { concat, map, type Observable, of, Subject, take } from 'rxjs';
import { type CallOptions, Code, close, codeName, type RpcError, type ServerCall, withCall } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { type TestCall, testCall } from '../../lib/testing.ts';
import { type ClientKind, clients } from '../grpc-js/each-client.ts';
import { data, message, type RawPeer, rawPeer, responseHeaders, trailers } from '../grpc-js/raw-peer.ts';
import { callOf, inAllShapes, type LabClient, overEachTransport, streaming } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, type Shape, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

/** What may end a call on its own side. */
class Local {
  readonly #controller = new AbortController();
  readonly #parent: TestCall = testCall();
  readonly #more$ = new Subject<Note>();
  readonly options: CallOptions = { signal: this.#controller.signal, parent: this.#parent };
  readonly client: LabClient;

  constructor(client: LabClient) {
    this.client = client;
  }

  /** Stays open where it is a stream. */
  requests(shape: Shape): Observable<Note> {
    return streaming(shape).requests ? concat(of({ n: 0 }), this.#more$) : of({ n: 0 });
  }

  end(how: (typeof locals)[number]): void {
    if (how === 'close(client)') close(this.client);
    else if (how === 'its signal') this.#controller.abort();
    else if (how === 'its parent') this.#parent.cancel();
    else this.#more$.error(new Error('of request$'));
  }
}

const locals = ['close(client)', 'its signal', 'its parent', 'an error of request$'] as const;

const notes = (count: number): Note[] => Array.from({ length: count }, (_, n) => ({ n: n + 1 }));

function callWith(local: Local, shape: Shape, options: CallOptions = {}) {
  const rpc = (request$: Observable<Note>, given?: CallOptions | ServerCall) =>
    callOf(local.client, shape, request$, given);
  return withCall(rpc, local.requests(shape), { ...local.options, ...options });
}

type Call = ReturnType<typeof callWith>;

/** The code and the trailer that status$ tells. */
async function statusOf({ status$ }: Call): Promise<string> {
  const { values, ending } = record(status$);
  await ending;
  return values.map(({ code, metadata }) => `${codeName(code)} ${metadata.get('t').join()}`.trim()).join('; ');
}

/** Responses a reader ends the call at, as it takes the last of them. */
async function endAtLast(call: Call, local: Local, how: (typeof locals)[number], count: number) {
  let taken = 0;
  const response = record(
    call.response$.pipe(
      map(note => {
        if (++taken === count) local.end(how);
        return note;
      }),
    ),
  );
  return { ...(await response.ending), values: response.values, status: await statusOf(call) };
}

overEachTransport('A call whose status has come, and whose responses have been delivered', (bench, transport) => {
  const answer = { trailer: 't' };

  for (const shape of shapes) {
    const { responses } = streaming(shape);
    // What is on the wire in how many packets is not for this server to say.
    if (responses && transport === 'over the wire') continue;
    const count = responses ? 3 : 1;

    for (const how of locals) {
      if (how === 'an error of request$' && !streaming(shape).requests) continue;
      it(`ends with OK, though ${how} comes inside next of the last one: ${shape}`, async () => {
        const { client } = await bench.run(
          inAllShapes((_, call) => {
            call.trailers.set('t', answer.trailer);
            return of(...notes(count));
          }),
        );
        const local = new Local(client);
        const call = callWith(local, shape);
        expect(await endAtLast(call, local, how, count)).to.deep.equal({ values: notes(count), status: 'OK t' });
      });
    }
  }
});

describe('A status and what a client does by itself', () => {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });

  async function run(kind: ClientKind = 'connect()') {
    const peer = await rawPeer();
    toClose.push(() => peer.close());
    const client = clients[kind](peer, end => toClose.push(end));
    toClose.push(() => close(client));
    return { peer, client, local: new Local(client) };
  }

  /** All in one packet. */
  const answer = (peer: RawPeer, stream: number, count: number, fields: Readonly<Record<string, string>>): void =>
    peer.send(
      responseHeaders(stream),
      ...notes(count).map(note => data(stream, message(note))),
      trailers(stream, { t: 't', ...fields }),
    );
  const OK = { 'grpc-status': '0' };
  const NOT_FOUND = { 'grpc-status': '5' };

  for (const shape of shapes) {
    const { requests, responses } = streaming(shape);
    const count = responses ? 3 : 1;

    for (const how of locals.filter(name => requests || name !== 'an error of request$')) {
      for (const name of ['connect()', 'connect() with middleware'] as const) {
        it(`OK in the packet of the last response stands, though ${how} comes inside its next: ${shape} of ${name}`, async () => {
          const { peer, local } = await run(name);
          const call = callWith(local, shape);
          const ended = endAtLast(call, local, how, count);
          answer(peer, await peer.stream(0), count, OK);
          expect(await ended).to.deep.equal({ values: notes(count), status: 'OK t' });
        });
      }

      for (const name of Object.keys(clients) as ClientKind[]) {
        if (responses) {
          for (const [fields, code] of [
            [OK, Code.OK],
            [NOT_FOUND, Code.NOT_FOUND],
          ] as const) {
            it(`${codeName(code)} stands when ${how} comes while its reader is busy with the last response: ${shape} of ${name}`, async () => {
              const { peer, local } = await run(name);
              const call = callWith(local, shape);
              const go = Array.from({ length: count }, () => deferred());
              const { values, ending, received } = record(
                call.response$.pipe(concatMap(note => go[note.n - 1]!.promise.then(() => note))),
              );
              answer(peer, await peer.stream(0), count, fields);
              for (let n = 0; n < count - 1; n++) {
                go[n]!.resolve();
                await received(n + 1);
              }
              await settled(() => 0); // the last one is with its reader, and the status has come
              local.end(how);
              go[count - 1]!.resolve();
              const { error } = (await ending) as { error?: RpcError };
              expect(error?.code).to.equal(code === Code.OK ? undefined : code);
              if (code === Code.OK) expect(values).to.deep.equal(notes(count));
              expect(await statusOf(call)).to.equal(`${codeName(code)} t`);
            });
          }

          // request$ is unsubscribed when the status comes.
          if (how === 'an error of request$') continue;
          it(`${how} cancels a call while a response is undelivered, whatever its status: ${shape} of ${name}`, async () => {
            const { peer, local } = await run(name);
            const call = callWith(local, shape);
            const { values, ending } = record(call.response$.pipe(concatMap(() => new Promise<Note>(() => {}))));
            answer(peer, await peer.stream(0), 2, OK);
            await settled(() => 0);
            local.end(how);
            expect((await ending).error).to.include({ code: Code.CANCELLED });
            expect(values).to.deep.equal([]);
            expect(await statusOf(call)).to.equal('CANCELLED');
          });
        } else {
          it(`OK stands, though ${how} comes inside next: ${shape} of ${name}`, async () => {
            const { peer, local } = await run(name);
            const call = callWith(local, shape);
            const ended = endAtLast(call, local, how, 1);
            answer(peer, await peer.stream(0), 1, OK);
            expect(await ended).to.deep.equal({ values: notes(1), status: 'OK t' });
          });
        }
      }

      if (responses) {
        it(`${how} inside next of the last response cancels a call whose status has not come: ${shape}`, async () => {
          const { peer, local } = await run();
          const call = callWith(local, shape);
          const ended = endAtLast(call, local, how, count);
          const stream = await peer.stream(0);
          peer.send(responseHeaders(stream), ...notes(count).map(note => data(stream, message(note))));
          const { values, status, error } = (await ended) as any;
          expect(values).to.deep.equal(notes(count));
          if (how === 'an error of request$') expect(error.message).to.equal('of request$');
          else expect(error).to.include({ code: Code.CANCELLED });
          expect(status).to.equal('CANCELLED');
        });
      }
    }
  }

  for (const shape of ['serverStream', 'bidi'] as const) {
    for (const [fields, status] of [
      [OK, 'OK t'],
      [NOT_FOUND, 'NOT_FOUND t'],
    ] as const) {
      it(`status$ tells ${status} when its reader has enough with the last response: ${shape}`, async () => {
        const { peer, local } = await run();
        const go = deferred();
        const call = callWith(local, shape);
        const response = record(
          call.response$.pipe(
            concatMap(note => go.promise.then(() => note)),
            take(3),
          ),
        );
        answer(peer, await peer.stream(0), 3, fields);
        await settled(() => 0); // the status has come
        go.resolve();
        expect([await response.ending, response.values]).to.deep.equal([{}, notes(3)]);
        expect(await statusOf(call)).to.equal(status);
      });
    }

    it(`status$ tells CANCELLED when its reader has enough before the last response: ${shape}`, async () => {
      const { peer, local } = await run();
      const call = callWith(local, shape);
      const response = record(call.response$.pipe(take(2)));
      answer(peer, await peer.stream(0), 3, OK);
      expect([await response.ending, response.values]).to.deep.equal([{}, notes(2)]);
      expect(await statusOf(call)).to.equal('CANCELLED');
    });

    it(`a deadline that passes while its reader is busy with the last response changes nothing: ${shape}`, async () => {
      const { peer, client, local } = await run();
      const deadline = new Date(Date.now() + 300);
      const go = deferred();
      const call = callWith(local, shape, { deadline });
      const { values, ending } = record(call.response$.pipe(concatMap(note => go.promise.then(() => note))));
      answer(peer, await peer.stream(0), 1, OK);
      await settled(() => 0);
      // Told of the same deadline, and a little later: it is full before its last response.
      const late = record(
        callOf(client, shape, of({ n: 0 }), { deadline: new Date(deadline.getTime() + 1) }).pipe(
          concatMap(() => new Promise(() => {})),
        ),
      );
      answer(peer, await peer.stream(1), 2, OK);
      expect((await late.ending).error).to.include({ code: Code.DEADLINE_EXCEEDED });
      go.resolve();
      expect([await ending, values]).to.deep.equal([{}, notes(1)]);
      expect(await statusOf(call)).to.equal('OK t');
    });

    it(`a reader who stalls over the last response of a call that has ended well stalls nothing: ${shape}`, async () => {
      const { peer, local } = await run();
      const go = deferred();
      const call = callWith(local, shape, { stallTimeoutMs: 50 });
      const trailers$ = record(call.trailers$);
      const { values, ending } = record(call.response$.pipe(concatMap(note => go.promise.then(() => note))));
      answer(peer, await peer.stream(0), 1, OK);
      await trailers$.received(1);
      go.resolve();
      expect([await ending, values]).to.deep.equal([{}, notes(1)]);
    });
  }

  it('a response that is still being decompressed is not taken for delivered', async () => {
    const { peer, local } = await run();
    const call = callWith(local, 'serverStream', { onHeaders: () => setImmediate(() => local.end('its signal')) });
    const response = record(call.response$);
    const stream = await peer.stream(0);
    const note = gzipSync(JSON.stringify({ n: 1, text: 'x'.repeat(3_000_000) }));
    const headers = responseHeaders(stream, { 'grpc-encoding': 'gzip' });
    peer.send(headers, data(stream, message(note, true)), trailers(stream, OK));
    expect((await response.ending).error).to.include({ code: Code.CANCELLED });
    expect(response.values).to.deep.equal([]);
  });
});
