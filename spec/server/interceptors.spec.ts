import {
  experimental,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, from, lastValueFrom, type Observable, of, throwError } from 'rxjs';
import { Code, implement, RpcError, serve } from '../../lib/index.ts';
import { callOf, inAllShapes, streaming, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';

const notes = (count: number): Note[] => Array.from({ length: count }, (_, n) => ({ n }));

/** An interceptor that passes a message on one turn later. */
const slow: ServerInterceptor = (_, call) =>
  new ServerInterceptingCall(call, { sendMessage: (message, next) => setImmediate(() => next(message)) });

describe('A server with interceptors', () => {
  const bench = useBench();

  for (const shape of shapes) {
    const count = streaming(shape).responses ? 3 : 1;

    it(`ends a call after the last message, however slow they are: ${shape}`, async () => {
      const { client } = await bench.run(
        inAllShapes(() => from(notes(count))),
        { serverOptions: { interceptors: [slow] } },
      );
      const { values, ending } = record(callOf(client, shape, of({ n: 0 })));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal(notes(count));
    });
  }

  it('fails a call after the last message, however slow they are', async () => {
    const failure = throwError(() => new RpcError(Code.NOT_FOUND, 'no more'));
    const { client } = await bench.run(
      { serverStream: () => concat(from(notes(3)), failure) },
      { serverOptions: { interceptors: [slow] } },
    );
    const { values, ending } = record(client.serverStream({ n: 0 }));
    expect((await ending).error).to.include({ code: Code.NOT_FOUND });
    expect(values).to.deep.equal(notes(3));
  });

  for (const from of ['its options', 'its credentials']) {
    it(`writes single messages to one from another copy of grpc-js among ${from}`, async () => {
      const seen: unknown[] = [];
      const foreign: ServerInterceptor = (_, call) => ofAnotherCopy(call, message => seen.push(message));
      const insecure = ServerCredentials.createInsecure();
      const bound = implement.partial(Lab, { serverStream: () => ofNotes(50) });
      const server =
        from === 'its options'
          ? await serve('http://127.0.0.1:0', bound, { serverOptions: { interceptors: [foreign] } })
          : await serve('127.0.0.1:0', bound, {
              credentials: experimental.createServerCredentialsWithInterceptors(insecure, [foreign]),
            });
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      const client = bench.connect({ ...server, target: `http://127.0.0.1:${server.port}` });
      const { values, ending } = record(client.serverStream({ n: 0 }));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal(notes(50));
      expect(seen.map(message => JSON.parse(String(message)))).to.deep.equal(notes(50));
    });
  }
});

describe('The grpc-js server of a server', () => {
  const bench = useBench();

  it('serves the replacement of a removed service', async () => {
    const first = implement.partial(Lab, { unary: () => of({ n: 1 }) });
    const second = implement.partial(Lab, { unary: () => of({ n: 2 }) });
    const server = await serve('http://127.0.0.1:0', first);
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const client = bench.connect(server);
    const answer = () => lastValueFrom(client.unary({ n: 0 }));

    expect(await answer()).to.deep.equal({ n: 1 });
    server.grpc.removeService(first.definition);
    server.grpc.addService(second.definition, second.implementation);
    expect(await answer()).to.deep.equal({ n: 2 });
    server.grpc.removeService(second.definition);
    server.grpc.addService({ unary: Lab.unary }, { unary: (_: unknown, reply: any) => reply(null, { n: 3 }) });
    expect(await answer()).to.deep.equal({ n: 3 });
  });
});

const ofNotes = (count: number): Observable<Note> => from(notes(count));

/** The call of an interceptor with its own ServerInterceptingCall, which has room for one message. */
function ofAnotherCopy(
  call: ServerInterceptingCallInterface,
  sees: (message: unknown) => void,
): ServerInterceptingCall {
  let isBusy = false;
  const own = {
    start: listener => call.start(listener),
    sendMetadata: metadata => call.sendMetadata(metadata),
    sendMessage: (message: unknown, callback: () => void) => {
      if (isBusy) throw new Error('there is a message already');
      isBusy = true;
      sees(message);
      call.sendMessage(message, () => {
        isBusy = false;
        callback();
      });
    },
    sendStatus: status => call.sendStatus(status),
    startRead: () => call.startRead(),
    getPeer: () => call.getPeer(),
    getDeadline: () => call.getDeadline(),
    getHost: () => call.getHost(),
    getAuthContext: () => call.getAuthContext(),
    getConnectionInfo: () => call.getConnectionInfo(),
    getMetricsRecorder: () => call.getMetricsRecorder(),
  } satisfies ServerInterceptingCallInterface;
  return own as unknown as ServerInterceptingCall;
}
