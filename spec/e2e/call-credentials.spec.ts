import { CallCredentials, Client, credentials as grpcCredentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { map, of } from 'rxjs';
import { type ClientMiddleware, Code, connect, implement, type RpcError, type Server, serve } from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, overEachTransport, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { rawServer } from '../support/raw-server.ts';
import { errorOf, record } from '../support/record.ts';
import { tls } from '../support/tls.ts';

const note: Note = { n: 1 };

type Generator = Parameters<typeof CallCredentials.createFromMetadataGenerator>[0];

const generated = (generator: Generator): CallCredentials => CallCredentials.createFromMetadataGenerator(generator);

function metadataOf(entries: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}

const bearer = (token: string): CallCredentials =>
  generated((_, callback) => callback(null, metadataOf({ authorization: `Bearer ${token}` })));

describe('Call credentials over a plaintext connection', () => {
  const bench = useBench();

  it('are sent by plain grpc-js, in clear text', async () => {
    const server = await rawServer();
    const client = new Client(`127.0.0.1:${server.port}`, grpcCredentials.createInsecure());
    bench.onEnd(() => server.close());
    bench.onEnd(() => client.close());
    const { path, requestSerialize, responseDeserialize } = Lab.unary;
    await new Promise<void>((resolve, reject) => {
      const options = { credentials: bearer('secret') };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, note, options, error =>
        error ? reject(error) : resolve(),
      );
    });
    expect(server.requests[0]!.headers.authorization).to.equal('Bearer secret');
  });

  for (const shape of shapes) {
    it(`end the call with UNAUTHENTICATED before it sends or requests anything: ${shape}`, async () => {
      const server = await rawServer();
      bench.onEnd(() => server.close());
      let asked = 0;
      const credentials = generated((_, callback) => {
        asked++;
        callback(null, new Metadata());
      });
      const insecure = { credentials: grpcCredentials.createInsecure() };
      for (const [target, options] of [[server.target], [`127.0.0.1:${server.port}`, insecure]] as const) {
        const client = connect(Lab, target, options);
        bench.onEnd(() => client[Symbol.dispose]());
        let subscribed = 0;
        const request$ = of(note).pipe(map(one => ({ ...one, n: ++subscribed })));
        const error: RpcError = await errorOf(callOf(client, shape, request$, { credentials }));
        expect(error).to.include({ code: Code.UNAUTHENTICATED, path: Lab[shape].path });
        expect(error.details).to.match(/not sent over a plaintext connection.*https:\/\//);
        expect([subscribed, asked, server.connections]).to.deep.equal([0, 0, 0]);
      }
    });
  }

  it('are refused when middleware adds them, too', async () => {
    const server = await rawServer();
    bench.onEnd(() => server.close());
    const add: ClientMiddleware = rpc => (request$, options) => rpc(request$, { ...options, credentials: bearer('x') });
    const client = connect(Lab, server.target, { middleware: [add] });
    bench.onEnd(() => client[Symbol.dispose]());
    expect(await errorOf(client.unary(note))).to.include({ code: Code.UNAUTHENTICATED });
    expect(server.connections).to.equal(0);
  });

  it('are sent over a grpc-js Client or Channel, whatever its security: its owner is responsible', async () => {
    const server = await rawServer();
    const grpc = new Client(`127.0.0.1:${server.port}`, grpcCredentials.createInsecure());
    bench.onEnd(() => server.close());
    bench.onEnd(() => grpc.close());
    for (const target of [grpc, grpc.getChannel()]) {
      await record(connect(Lab, target).unary(note, { credentials: bearer('mine') })).ending;
    }
    expect(server.requests.map(({ headers }) => headers.authorization)).to.deep.equal(['Bearer mine', 'Bearer mine']);
  });
});

describe('Credentials of a client', () => {
  it('from another copy of grpc-js are refused at once; grpc-js would refuse them at the first call', () => {
    for (const credentials of [{}, new (class ChannelCredentials {})(), CallCredentials.createEmpty()]) {
      expect(() => connect(Lab, 'localhost:1', { credentials } as never)).to.throw(
        TypeError,
        /ChannelCredentials of the grpc-js that this library uses, got an object/,
      );
    }
  });
});

describe('Call credentials over TLS', () => {
  const bench = useBench();

  /** A server that records request metadata, and its client. */
  async function secure(
    connectTo: (server: Server) => LabClient = server => connect(Lab, target(server), { tls: { ca: tls.cert } }),
  ) {
    const seen: Metadata[] = [];
    const service = implement.partial(
      Lab,
      inAllShapes((request$, call) => {
        seen.push(call.metadata);
        return request$;
      }),
    );
    const server = await serve('https://127.0.0.1:0', service, { tls });
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const client = connectTo(server);
    bench.onEnd(() => client[Symbol.dispose]());
    return { client, seen };
  }

  const target = ({ port }: Server): string => `https://localhost:${port}`;

  for (const shape of shapes) {
    it(`are generated per subscription and method, and sent beside the metadata: ${shape}`, async () => {
      const { client, seen } = await secure();
      const asked: unknown[] = [];
      const credentials = generated((options, callback) => {
        asked.push(options.method_name, options.service_url.replace(/:\d+/, ''));
        callback(null, metadataOf({ token: String(asked.length) }));
      });
      const call$ = callOf(client, shape, of(note), { credentials, metadata: { own: 'x' } });
      for (let i = 0; i < 2; i++) expect((await record(call$).ending).error).to.equal(undefined);
      expect(seen.map(metadata => [metadata.get('token')[0], metadata.get('own')[0]])).to.deep.equal([
        ['2', 'x'],
        ['4', 'x'],
      ]);
      const { path } = Lab[shape];
      expect(asked).to.deep.equal([path, 'https://localhost/lab.Lab', path, 'https://localhost/lab.Lab']);
    });
  }

  it('may be custom objects that answer with a promise or synchronously', async () => {
    const { client, seen } = await secure();
    const given = metadataOf({ a: 'x' });
    for (const generateMetadata of [() => given, async () => given]) {
      const credentials = { generateMetadata } as unknown as CallCredentials;
      expect((await record(client.unary(note, { credentials })).ending).error).to.equal(undefined);
    }
    expect(seen.map(metadata => metadata.get('a'))).to.deep.equal([['x'], ['x']]);
  });

  it('are combined with the credentials of the client', async () => {
    const { client, seen } = await secure(server => {
      const channel = grpcCredentials.createSsl(Buffer.from(tls.cert));
      const ofClient = generated((_, callback) => callback(null, metadataOf({ who: 'client', client: 'yes' })));
      return connect(Lab, target(server), {
        credentials: grpcCredentials.combineChannelCredentials(channel, ofClient),
      });
    });
    const credentials = generated((_, callback) => callback(null, metadataOf({ who: 'call' })));
    for (const options of [{}, { credentials }]) await record(client.unary(note, options)).ending;
    expect(seen.map(metadata => metadata.get('client'))).to.deep.equal([['yes'], ['yes']]);
    expect(seen.map(metadata => metadata.get('who').join(', '))).to.deep.equal(['client', 'call, client']);
  });

  it('delay the call until they arrive; a call unsubscribed meanwhile is never made', async () => {
    const { client, seen } = await secure();
    const asked = deferred<(metadata: Metadata) => void>();
    const slow = generated((_, callback) => asked.resolve(metadata => callback(null, metadata)));
    const first = record(client.unary(note, { credentials: slow }));
    const give = await asked.promise;
    first.subscription.unsubscribe();
    give(metadataOf({ a: 'late' }));
    await record(client.unary(note, { credentials: bearer('x') })).ending;
    expect(seen.map(metadata => metadata.get('authorization'))).to.deep.equal([['Bearer x']]);
  });

  it('that never arrive leave the deadline to end the call', async () => {
    const { client } = await secure();
    const credentials = generated(() => {});
    const error = await errorOf(client.unary(note, { credentials, timeoutMs: 50 }));
    expect(error).to.include({ code: Code.DEADLINE_EXCEEDED });
  });
});

const lost = Object.assign(new Error('no token'), { code: Code.PERMISSION_DENIED });

/** A failing credentials generator, and the expected error of the call. */
const failing: readonly [what: string, generator: Generator, code: Code, details: RegExp][] = [
  ['an error', (_, callback) => callback(new Error('no token')), Code.UNKNOWN, /: no token$/],
  ['an error with a code', (_, callback) => callback(lost), Code.PERMISSION_DENIED, /: no token$/],
  [
    'a throw',
    () => {
      throw new TypeError('fetch failed');
    },
    Code.UNKNOWN,
    /: fetch failed$/,
  ],
  ['neither', (_, callback) => callback(null), Code.UNKNOWN, /: expected an Error, got null$/],
  ['null', (_, callback) => callback(null, null as never), Code.INTERNAL, /: expected Metadata of grpc-js, got null$/],
  ['an object', (_, callback) => callback(null, {} as never), Code.INTERNAL, /: expected Metadata .*\(Object\)$/],
  ['a key of HTTP/2', (_, callback) => callback(null, metadataOf({ te: 'x' })), Code.INTERNAL, /"te" belongs to HTTP/],
  [
    'a second authorization',
    (_, callback) => callback(null, metadataOf({ authorization: 'other' })),
    Code.INTERNAL,
    /"authorization" cannot have more than one value/,
  ],
  [
    'too much',
    (_, callback) => callback(null, metadataOf({ a: 'x'.repeat(50_000) })),
    Code.INTERNAL,
    /bytes are too many/,
  ],
];

overEachTransport('Call credentials that fail', (bench, transport) => {
  for (const [what, generator, code, details] of failing) {
    it(`end the call before it is made, and leave the process running: ${what}`, async () => {
      let handled = 0;
      const handlers = inAllShapes(request$ => {
        handled++;
        return request$;
      });
      const client = transport === 'over the wire' ? await overTls(handlers) : (await bench.run(handlers)).client;
      const metadata = { authorization: 'mine' };
      for (const shape of shapes) {
        const options = { credentials: generated(generator), metadata, timeoutMs: 5000 };
        const error: RpcError = await errorOf(callOf(client, shape, of(note), options));
        expect(error, String(error)).to.include({ code });
        expect(error.details)
          .to.match(/^Getting metadata from plugin failed with error: /)
          .and.to.match(details);
      }
      expect(handled).to.equal(0);
      expect((await record(client.unary(note)).ending).error).to.equal(undefined);
    });
  }

  async function overTls(handlers: ReturnType<typeof inAllShapes>): Promise<LabClient> {
    const server = await serve('https://127.0.0.1:0', implement.partial(Lab, handlers), { tls });
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const client = connect(Lab, `https://localhost:${server.port}`, { tls: { ca: tls.cert } });
    bench.onEnd(() => client[Symbol.dispose]());
    return client;
  }
});
