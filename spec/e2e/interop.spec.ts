import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition, type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import { from, lastValueFrom, map, type Observable, reduce, toArray } from 'rxjs';
import { Code, close, connect, implement, isRpcError, load, type Method, RpcError, serve } from '../../lib/index.ts';
import { mergeMap } from '../../lib/operators.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';
import { plainCall, plainServer } from '../support/plain.ts';

const lucky = (note: Note): Note => {
  if (note.n === 13) throw new RpcError(Code.NOT_FOUND, 'unlucky');
  return note;
};
const three = [{ n: 0 }, { n: 1 }, { n: 2 }];

/** Our handlers with the same behaviour as the plain server. */
const echo = implement(Lab, {
  unary: (request$, call) => {
    call.sendHeaders({ 'x-header': 'h' });
    call.trailers.set('x-trailer', 't');
    return request$.pipe(map(lucky));
  },
  serverStream: (request$, call) => {
    call.sendHeaders({ 'x-header': 'h' });
    call.trailers.set('x-trailer', 't');
    return request$.pipe(
      mergeMap(function* (note) {
        yield* three;
        lucky(note);
      }),
    );
  },
  clientStream: (request$, call) => {
    call.sendHeaders({ 'x-header': 'h' });
    call.trailers.set('x-trailer', 't');
    return request$.pipe(
      reduce((sum, { n }) => sum + n, 0),
      map(n => lucky({ n })),
    );
  },
  bidi: (request$, call) => {
    call.sendHeaders({ 'x-header': 'h' });
    call.trailers.set('x-trailer', 't');
    return request$.pipe(map(lucky));
  },
});

const requestsOf: Record<Shape, Note[]> = {
  unary: [{ n: 2 }],
  serverStream: [{ n: 2 }],
  clientStream: three,
  bidi: three,
};
const answersOf: Record<Shape, Note[]> = {
  unary: [{ n: 2 }],
  serverStream: three,
  clientStream: [{ n: 3 }],
  bidi: three,
};
const unluckyOf: Record<Shape, Note[]> = {
  unary: [{ n: 13 }],
  serverStream: [{ n: 13 }],
  clientStream: [{ n: 13 }],
  bidi: [{ n: 1 }, { n: 13 }],
};
const beforeOf: Record<Shape, Note[]> = { unary: [], serverStream: three, clientStream: [], bidi: [{ n: 1 }] };

describe('Our server and a plain grpc-js client', () => {
  for (const shape of shapes) {
    it(`agree on values, headers, trailers and errors: ${shape}`, async () => {
      const server = await serve('http://127.0.0.1:0', echo);
      const address = `127.0.0.1:${server.port}`;
      const good = await plainCall(address, shape, requestsOf[shape]);
      expect(good.notes).to.deep.equal(answersOf[shape]);
      expect(good.status.code).to.equal(0);
      expect(good.headers?.get('x-header')).to.deep.equal(['h']);
      expect(good.status.metadata.get('x-trailer')).to.deep.equal(['t']);

      const bad = await plainCall(address, shape, unluckyOf[shape]);
      expect(bad.status).to.include({ code: 5, details: 'unlucky' });
      expect(bad.status.metadata.get('x-trailer')).to.deep.equal(['t']);
      await server.shutdown({ graceMs: 0 });
    });
  }
});

describe('Our client and a plain grpc-js server', () => {
  for (const shape of shapes) {
    it(`agree on values, headers, trailers and errors: ${shape}`, async () => {
      const server = await plainServer();
      const client = connect(Lab, `http://127.0.0.1:${server.port}`);
      const rpc = client[shape] as (request: any, options?: object) => Observable<Note>;
      const request = (notes: Note[]) => (Lab[shape].requestStream ? from(notes) : notes[0]);
      const seen: { headers?: Metadata; trailers?: Metadata } = {};
      const options = {
        onHeaders: (headers: Metadata) => Object.assign(seen, { headers }),
        onTrailers: (trailers: Metadata) => Object.assign(seen, { trailers }),
      };
      const notes = await lastValueFrom(rpc(request(requestsOf[shape]), options).pipe(toArray()));
      expect(notes).to.deep.equal(answersOf[shape]);
      expect(seen.headers?.get('x-header')).to.deep.equal(['h']);
      expect(seen.trailers?.get('x-trailer')).to.deep.equal(['t']);

      const before: Note[] = [];
      const error = await new Promise<unknown>(resolve =>
        rpc(request(unluckyOf[shape])).subscribe({ next: note => before.push(note), error: resolve }),
      );
      expect(isRpcError(error, Code.NOT_FOUND), String(error)).to.equal(true);
      expect((error as RpcError).details).to.equal('unlucky');
      expect((error as RpcError).metadata.get('x-trailer')).to.deep.equal(['t']);
      expect(before).to.deep.equal(beforeOf[shape]);
      close(client);
      server.stop();
    });
  }
});

describe('A user of proto-loader', () => {
  it('connects with its definitions and implements them, and keeps its value options', async () => {
    const file = join(import.meta.dirname, '../../protos/users.proto');
    const { users } = loadPackageDefinition(loadSync(file, { keepCase: true, defaults: true })) as any;
    const definition: Readonly<Record<string, Method<any, any, true, true>>> = users.Users.service;
    const server = await serve(
      'http://127.0.0.1:0',
      implement(definition, {
        createUser: user$ => user$.pipe(map(user => ({ user_id: user.last_name, success: true }))),
      }),
    );
    const client = connect(definition, server.target);
    const results = await lastValueFrom(client['createUser']!(from([{ id: '1', last_name: 'Ada' }])).pipe(toArray()));
    expect(results[0]).to.deep.include({ user_id: 'Ada', success: true, errors: [] });
    close(client);

    // The same service from load(): other JavaScript values, the same bytes on the wire.
    const { Users } = await load(file);
    const ours = connect(Users, server.target);
    const [result] = await lastValueFrom<any>(ours.createUser(from([{ lastName: 'Eve' }])).pipe(toArray()));
    expect(result).to.include({ userId: 'Eve', success: true });
    close(ours);
    await server.shutdown({ graceMs: 0 });
  });
});

describe('A user of grpc-js', () => {
  it('adds the result of implement() to an existing server', async () => {
    const server = new Server();
    server.addService(echo.definition, echo.implementation);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (e, bound) =>
        e ? reject(e) : resolve(bound),
      );
    });
    const { notes } = await plainCall(`127.0.0.1:${port}`, 'bidi', three);
    expect(notes).to.deep.equal(three);
    server.forceShutdown();
  });

  it('connects over an existing Client or Channel, which stays open', async () => {
    const server = await serve('http://127.0.0.1:0', echo);
    const grpc = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    for (const target of [grpc, grpc.getChannel()]) {
      const client = connect(Lab, target);
      expect(await lastValueFrom(client.unary({ n: 1 }))).to.deep.equal({ n: 1 });
      close(client);
    }
    const again = connect(Lab, grpc);
    expect(await lastValueFrom(again.unary({ n: 2 }))).to.deep.equal({ n: 2 });
    close(again);
    grpc.close();
    await server.shutdown({ graceMs: 0 });
  });

  it('serves services of other libraries beside ours', async () => {
    const foreign = {
      definition: { unary: Lab.unary },
      implementation: { unary: (call: any, callback: any) => callback(null, call.request) },
    };
    const server = await serve('http://127.0.0.1:0', [foreign]);
    const { notes } = await plainCall(`127.0.0.1:${server.port}`, 'unary', [{ n: 9 }]);
    expect(notes).to.deep.equal([{ n: 9 }]);
    await server.shutdown({ graceMs: 0 });
  });
});
