import { promisify } from 'node:util';
import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Code, close } from 'rx-grpc';
import { concat, lastValueFrom, NEVER, of } from 'rxjs';
import { errorOf, record } from '../../support/record.ts';
import { settled } from '../../support/settled.ts';
import { useClosing } from '../support/closing.ts';
import { parties } from '../support/parties.ts';
import { WatchedBook } from '../support/watched-book.ts';
import { Orders } from './before.ts';
import { addOrders, ordersOver } from './beside.ts';

describe('from-grpc-js, an RPC of rx-grpc on a grpc-js server', () => {
  const onEnd = useClosing();
  const { order } = parties['grpc-js'].before;

  async function run() {
    const book = new WatchedBook();
    const server = new Server();
    addOrders(server, book);
    const port = await promisify(server.bindAsync).call(server, '127.0.0.1:0', ServerCredentials.createInsecure());
    onEnd(() => server.forceShutdown());
    const client = new Orders(`127.0.0.1:${port}`, credentials.createInsecure());
    onEnd(() => client.close());
    return { book, client, orders: ordersOver(client) };
  }

  it('answers on the same port and with the same values as the RPCs of grpc-js', async () => {
    const { orders } = await run();
    expect(await lastValueFrom(orders.importOrders(of(order)))).to.deep.equal({ saved: 1 });
    expect(await lastValueFrom(orders.getOrder({ orderId: 'a' }))).to.deep.equal(order);
    expect(await errorOf(orders.importOrders(of({ ...order, items: [] })))).to.include({ code: Code.INVALID_ARGUMENT });
  });

  it('saves nothing of an upload that is cancelled', async () => {
    const { book, orders } = await run();
    const { subscription } = record(orders.importOrders(concat(of(order), NEVER)));
    await book.until(() => book.checked === 1);
    subscription.unsubscribe();
    expect(await settled(() => book.saves.length)).to.equal(0);
  });

  it('can be called over a grpc-js client, which stays open when ours is closed', async () => {
    const { orders, client } = await run();
    await lastValueFrom(orders.importOrders(of(order)));
    close(orders);
    expect(await promisify(client.getOrder).call(client, { orderId: 'a' })).to.deep.equal(order);
  });
});
