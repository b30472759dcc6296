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

  /** A request$ that stays open where it is a stream. */
  requests(shape: Shape): Observable<Note> {
    return streaming(shape).requests ? concat(of({ n: 0 }), this.#more$) : of({ n: 0 });
  }

  end(how: (typeof locals)[number]): void {
    if (how === 'close(client)') close(this.client);
    else if (how === 'an abort of its signal') this.#controller.abort();
    else if (how === 'a cancellation of its parent') this.#parent.cancel();
    else this.#more$.error(new Error('of request$'));
  }
}

const locals = [
  'close(client)',
  'an abort of its signal',
  'a cancellation of its parent',
  'an error of request$',
] as const;

const notes = (count: number): Note[] => Array.from({ length: count }, (_, n) => ({ n: n + 1 }));

function callWith(local: Local, shape: Shape, options: CallOptions = {}) {
  const rpc = (request$: Observable<Note>, given?: CallOptions | ServerCall) =>
    callOf(local.client, shape, request$, given);
  return withCall(rpc, local.requests(shape), { ...local.options, ...options });
}

type Call = ReturnType<typeof callWith>;

/** The code and the trailer that status$ emits. */
async function statusOf({ status$ }: Call): Promise<string> {
  const { values, ending } = record(status$);
  await ending;
  return values.map(({ code, metadata }) => `${codeName(code)} ${metadata.get('t').join()}`.trim()).join('; ');
}

/** Numbers of responses after which a reader ends the call, as it takes the last of them. */
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

overEachTransport('A call whose status has arrived and whose responses have been delivered', (bench, transport) => {
  const answer = { trailer: 't' };

  for (const shape of shapes) {
    const { responses } = streaming(shape);
    // This server cannot control how the wire splits its data into packets.
    if (responses && transport === 'over the wire') continue;
    const count = responses ? 3 : 1;

    for (const how of locals) {
      if (how === 'an error of request$' && !streaming(shape).requests) continue;
      it(`ends with OK, although ${how} happens inside next of the last response: ${shape}`, async () => {
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

describe('A status and a client that ends its call', () => {
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

  /** All frames in one packet. */
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
        it(`OK in the packet of the last response stands, although ${how} happens inside its next: ${shape} of ${name}`, async () => {
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
            it(`${codeName(code)} stands when ${how} happens while the reader is busy with the last response: ${shape} of ${name}`, async () => {
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
              await settled(() => 0); // the reader has the last response, and the status has arrived
              local.end(how);
              go[count - 1]!.resolve();
              const { error } = (await ending) as { error?: RpcError };
              expect(error?.code).to.equal(code === Code.OK ? undefined : code);
              if (code === Code.OK) expect(values).to.deep.equal(notes(count));
              expect(await statusOf(call)).to.equal(`${codeName(code)} t`);
            });
          }

          // request$ is unsubscribed when the status arrives.
          if (how === 'an error of request$') continue;
          it(`${how} cancels a call with an undelivered response, whatever its status: ${shape} of ${name}`, async () => {
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
          it(`OK stands, although ${how} happens inside next: ${shape} of ${name}`, async () => {
            const { peer, local } = await run(name);
            const call = callWith(local, shape);
            const ended = endAtLast(call, local, how, 1);
            answer(peer, await peer.stream(0), 1, OK);
            expect(await ended).to.deep.equal({ values: notes(1), status: 'OK t' });
          });
        }
      }

      if (responses) {
        it(`${how} inside next of the last response cancels a call whose status has not arrived: ${shape}`, async () => {
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
      it(`status$ emits ${status} when the reader stops with the last response: ${shape}`, async () => {
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
        await settled(() => 0); // the status has arrived
        go.resolve();
        expect([await response.ending, response.values]).to.deep.equal([{}, notes(3)]);
        expect(await statusOf(call)).to.equal(status);
      });
    }

    it(`status$ emits CANCELLED when the reader stops before the last response: ${shape}`, async () => {
      const { peer, local } = await run();
      const call = callWith(local, shape);
      const response = record(call.response$.pipe(take(2)));
      answer(peer, await peer.stream(0), 3, OK);
      expect([await response.ending, response.values]).to.deep.equal([{}, notes(2)]);
      expect(await statusOf(call)).to.equal('CANCELLED');
    });

    it(`a deadline that passes while the reader is busy with the last response changes nothing: ${shape}`, async () => {
      const { peer, client, local } = await run();
      const deadline = new Date(Date.now() + 300);
      const go = deferred();
      const call = callWith(local, shape, { deadline });
      const { values, ending } = record(call.response$.pipe(concatMap(note => go.promise.then(() => note))));
      answer(peer, await peer.stream(0), 1, OK);
      await settled(() => 0);
      // The deadline of this call is a little later, and its reader is full before the last response.
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

    it(`a reader that stalls on the last response of a successful call is no stall: ${shape}`, async () => {
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

  it('a response that is still being decompressed does not count as delivered', async () => {
    const { peer, local } = await run();
    const call = callWith(local, 'serverStream', {
      onHeaders: () => setImmediate(() => local.end('an abort of its signal')),
    });
    const response = record(call.response$);
    const stream = await peer.stream(0);
    const note = gzipSync(JSON.stringify({ n: 1, text: 'x'.repeat(3_000_000) }));
    const headers = responseHeaders(stream, { 'grpc-encoding': 'gzip' });
    peer.send(headers, data(stream, message(note, true)), trailers(stream, OK));
    expect((await response.ending).error).to.include({ code: Code.CANCELLED });
    expect(response.values).to.deep.equal([]);
  });
});
