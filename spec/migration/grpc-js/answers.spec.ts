import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { credentials, Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Code, close, connect, type Implementation, implement, load, serve } from 'rx-grpc';
import { concat, EMPTY, NEVER, of } from 'rxjs';
import { rejectionOf } from '../../support/record.ts';
import { OrderBook } from '../order-book.ts';
import { useClosing } from '../support/closing.ts';
import * as after from './after.ts';
import * as before from './before.ts';

const { Orders } = await load(new URL('../orders.proto', import.meta.url));

/** Serves and calls itself with plain grpc-js, for programs that end their process. */
const preamble = `
  const { Client, credentials, Server, ServerCredentials } = require('@grpc/grpc-js');
  const bytes = value => value;
  const codec = { requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
  const get = { path: '/shop.Orders/Get', requestStream: false, responseStream: false, ...codec };
  const watch = { path: '/shop.Orders/Watch', requestStream: false, responseStream: true, ...codec };
  function run(handlers, call) {
    const server = new Server();
    server.addService({ get, watch }, handlers);
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      call(new Client('127.0.0.1:' + port, credentials.createInsecure())),
    );
    setTimeout(() => process.exit(0), 3000);
  }
`;

/** The stderr of a program that is ended by its own error. */
async function deathOf(program: string): Promise<string> {
  const running = promisify(execFile)(process.execPath, ['-e', preamble + program]);
  const { code, stderr } = await rejectionOf(running);
  expect(code).to.equal(1);
  return stderr;
}

describe('from-grpc-js, answers when', () => {
  const onEnd = useClosing();
  const hidden: unknown[] = [];
  const onError = (error: unknown) => hidden.push(error);

  async function servingPlain(handlers: object): Promise<string> {
    const server = new Server();
    server.addService(before.Orders.service, handlers as any);
    const port = await promisify(server.bindAsync).call(server, '127.0.0.1:0', ServerCredentials.createInsecure());
    onEnd(() => server.forceShutdown());
    return `127.0.0.1:${port}`;
  }

  async function servingOurs(handlers: Partial<Implementation<any>>): Promise<string> {
    hidden.length = 0;
    const server = await serve('http://127.0.0.1:0', implement.partial(Orders, handlers), { onError });
    onEnd(() => server.shutdown({ graceMs: 0 }));
    return `127.0.0.1:${server.port}`;
  }

  function plainClient(address: string): any {
    const client = new before.Orders(address, credentials.createInsecure());
    onEnd(() => client.close());
    return promisify(client.getOrder).bind(client);
  }

  /** The error of getOrder for a grpc-js client with this deadline. */
  const told = (address: string): Promise<any> => rejectionOf(plainClient(address)({}, { deadline: Date.now() + 250 }));

  it('a handler fails with an error that is not a status', async () => {
    const secret = Object.assign(new Error('password=123'), { code: Code.PERMISSION_DENIED });
    const book = new OrderBook<any>();
    book.save = () => Promise.reject(secret);
    const plain = await before.serveOrders('127.0.0.1:0', book);
    onEnd(() => plain.server.forceShutdown());
    hidden.length = 0;
    const ours = await after.serveOrders('http://127.0.0.1:0', book, { onError });
    onEnd(() => ours.shutdown({ graceMs: 0 }));
    const toldBy = async (port: number) => {
      const client = new before.OrdersClient(`127.0.0.1:${port}`);
      onEnd(() => client.close());
      return rejectionOf(client.importOrders([]));
    };
    expect(await toldBy(plain.port)).to.include({ code: Code.PERMISSION_DENIED, details: 'password=123' });
    expect(hidden).to.deep.equal([]);
    expect(await toldBy(ours.port)).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    expect(hidden).to.deep.equal([secret]);
  });

  it('an async handler throws', async () => {
    const handlers = `{ get: async () => { throw new Error('out of paper'); } }`;
    const call = `client => client.makeUnaryRequest(get.path, bytes, bytes, Buffer.alloc(0), () => {})`;
    expect(await deathOf(`run(${handlers}, ${call});`)).to.include('Error: out of paper');
    const getOrder = async () => {
      throw new Error('out of paper');
    };
    expect(await told(await servingOurs({ getOrder }))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
  });

  it('a unary handler never answers', async () => {
    const plain = await servingPlain({ getOrder() {} });
    expect(await told(plain)).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect(await told(await servingOurs({ getOrder: () => EMPTY }))).to.include({ code: Code.UNIMPLEMENTED });
  });

  it('a unary handler answers twice', async () => {
    const plain = await servingPlain({
      getOrder(_call: unknown, callback: sendUnaryData<object>) {
        callback(null, {});
        callback(null, {});
      },
    });
    expect(await told(plain)).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect(await told(await servingOurs({ getOrder: () => of({}, {}) }))).to.include({ code: Code.UNIMPLEMENTED });
  });

  it('a stream is cancelled, and nobody listens to its errors', async () => {
    const handlers = `{ watch: call => call.write(Buffer.alloc(1)) }`;
    const call = `client => {
      const stream = client.makeServerStreamRequest(watch.path, bytes, bytes, Buffer.alloc(0));
      stream.on('data', () => stream.cancel());
    }`;
    expect(await deathOf(`run(${handlers}, ${call});`)).to.include('CANCELLED');
    const watchOrders = () => concat(of({}), NEVER);
    const orders = connect(Orders, `http://${await servingOurs({ watchOrders })}`);
    onEnd(() => close(orders));
    await new Promise<void>(resolve => {
      const subscription = orders.watchOrders({}).subscribe(() => {
        subscription.unsubscribe();
        resolve();
      });
    });
  });
});
