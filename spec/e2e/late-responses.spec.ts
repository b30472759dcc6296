import { Metadata, Server, ServerCredentials, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, defer, EMPTY, map, type Observable, of, range } from 'rxjs';
import { Code, implement, type ServeOptions, type ServerCall } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport, streaming, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { plainCall, type Seen } from '../support/plain.ts';
import { record } from '../support/record.ts';

/** When the last response is emitted, in milliseconds from the deadline. */
const offsets = [-2, -1, 0, 1];
const CALLS = 4;
const TIMEOUT_MS = 8;
const MESSAGES = 4;

/** Emits the last response at this many milliseconds from the deadline, and completes in the same turn. */
const lateBy = (offsetMs: number) => (_: Observable<Note>, call: ServerCall) => {
  const last$ = defer(() => {
    const at = call.deadline!.getTime() + offsetMs;
    while (Date.now() < at);
    return of({ n: MESSAGES - 1 });
  });
  if (!call.method.responseStream) return last$;
  return concat(range(0, MESSAGES - 1).pipe(map(n => ({ n }))), last$);
};

/** Either status OK with all responses, or DEADLINE_EXCEEDED. */
function checkEnd(code: number, notes: readonly Note[], responseStream: boolean, of: string): void {
  expect(code, of).to.be.oneOf([Code.OK, Code.DEADLINE_EXCEEDED]);
  if (code === Code.OK) expect(notes, of).to.have.length(responseStream ? MESSAGES : 1);
}

const timeout = (): Metadata => {
  const metadata = new Metadata();
  metadata.set('grpc-timeout', `${TIMEOUT_MS}m`); // and no deadline on the client's side
  return metadata;
};

overEachTransport('Status OK', bench => {
  for (const shape of shapes) {
    it(`arrives only with all responses, when the last one is emitted around the deadline: ${shape}`, async () => {
      for (const offsetMs of offsets) {
        const { client } = await bench.run(inAllShapes(lateBy(offsetMs)));
        for (let i = 0; i < CALLS; i++) {
          const { values, ending } = record(callOf(client, shape, of({ n: 0 }), { timeoutMs: TIMEOUT_MS }));
          const { error } = await ending;
          checkEnd((error as any)?.code ?? Code.OK, values, streaming(shape).responses, `${offsetMs} ms`);
        }
      }
    });
  }
});

const slow: ServerInterceptor = (_, call) =>
  new ServerInterceptingCall(call, {
    sendMessage: (message, next) => void setImmediate(() => next(message)),
  });

const servers: readonly (readonly [string, ServeOptions])[] = [
  ['joined writes', {}],
  ['writes of one message', { coalesce: false }],
  ['a slow interceptor', { serverOptions: { interceptors: [slow] } }],
];

describe('Status OK, for a client without a deadline of its own,', () => {
  const bench = useBench();

  const checkAll = async (host: string, offsetMs: number): Promise<Seen[]> => {
    const all: Seen[] = [];
    for (const shape of shapes) {
      for (let i = 0; i < CALLS; i++) {
        const seen = await plainCall(host, shape, [{ n: 0 }], timeout());
        checkEnd(seen.status.code, seen.notes, streaming(shape).responses, `${shape}, ${offsetMs} ms`);
        all.push(seen);
      }
    }
    return all;
  };

  for (const [how, options] of servers) {
    it(`arrives only with all responses: ${how}`, async () => {
      for (const offsetMs of offsets) {
        const { server } = await bench.run(inAllShapes(lateBy(offsetMs)), options);
        await checkAll(server.target.replace('http://', ''), offsetMs);
      }
    });
  }

  it('arrives only with all responses: a service of ours on a grpc-js server', async () => {
    for (const offsetMs of offsets) {
      const { definition, implementation } = implement(Lab, inAllShapes(lateBy(offsetMs)) as any);
      const server = new Server();
      server.addService(definition, implementation);
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        );
      });
      bench.onEnd(() => server.forceShutdown());
      await checkAll(`127.0.0.1:${port}`, offsetMs);
    }
  });

  it('is DEADLINE_EXCEEDED for the handler, too, when its only response was too late', async () => {
    const reasons: unknown[] = [];
    const { server } = await bench.run(
      inAllShapes((request$, call) => {
        call.cancelled$.subscribe(({ code }) => reasons.push(code));
        return lateBy(0)(request$, call);
      }),
    );
    for (const shape of shapes) {
      const { status } = await plainCall(server.target.replace('http://', ''), shape, [{ n: 0 }], timeout());
      expect(status.code, shape).to.equal(Code.DEADLINE_EXCEEDED);
      const told = reasons.splice(0);
      if (!streaming(shape).responses) expect(told, shape).to.deep.equal([Code.DEADLINE_EXCEEDED]);
    }
  });

  it('arrives at the deadline when nothing is left to send', async () => {
    const { server } = await bench.run({
      serverStream: (_, call) =>
        defer(() => {
          while (Date.now() < call.deadline!.getTime());
          return EMPTY;
        }),
    });
    const { status } = await plainCall(server.target.replace('http://', ''), 'serverStream', [{ n: 0 }], timeout());
    expect(status.code).to.equal(Code.OK);
  });
});
