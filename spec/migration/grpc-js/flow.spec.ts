import { expect } from 'chai';
import { rejectionOf } from '../../support/record.ts';
import { settled } from '../../support/settled.ts';
import { useClosing } from '../support/closing.ts';
import { AHEAD, MANY, manyOrders } from '../support/many-orders.ts';
import { type Party, parties } from '../support/parties.ts';
import { WatchedBook } from '../support/watched-book.ts';
import * as after from './after.ts';
import * as before from './before.ts';

describe('from-grpc-js, the flow when', () => {
  const { before: plain, after: ours } = parties['grpc-js'];
  const onEnd = useClosing();

  async function serving(party: Party, book: WatchedBook): Promise<string> {
    const { address, stop } = await party.serve(book);
    onEnd(stop);
    return address;
  }

  function clientOf(party: Party, address: string): before.OrdersClient {
    const orders = party === plain ? new before.OrdersClient(address) : new after.OrdersClient(`http://${address}`);
    onEnd(() => orders.close());
    return orders as before.OrdersClient;
  }

  it('the reader of a server stream stops reading', async () => {
    const ahead = async (server: Party, client: Party) => {
      const book = new WatchedBook();
      await book.save([...manyOrders(server)]);
      const reader = clientOf(client, await serving(server, book))
        .watchOrders(0)
        [Symbol.asyncIterator]();
      onEnd(() => reader.return?.(undefined));
      await reader.next();
      return settled(() => book.given);
    };
    expect(await ahead(plain, plain)).to.be.below(MANY / 4);
    expect(await ahead(ours, ours)).to.be.at.most(AHEAD);
  });

  it('the server does not read an upload', async () => {
    const ahead = async (client: Party) => {
      const book = new WatchedBook();
      book.gate = new Promise(() => {});
      const orders = clientOf(client, await serving(ours, book));
      let given = 0;
      const prices = orders.priceOrders(manyOrders(client, () => given++, 3000, 1024));
      prices[Symbol.asyncIterator]()
        .next()
        .catch(() => {}); // ends with the server
      await book.until(() => book.priced > 0);
      return settled(() => given);
    };
    expect(await ahead(plain)).to.be.within(1000, 1200);
    expect(await ahead(ours)).to.be.at.most(120);
  });

  it('an upload breaks off half-way', async () => {
    const broken = new Error('the file cannot be read');
    const savedOf = async (server: Party, client: Party) => {
      const book = new WatchedBook();
      const orders = clientOf(client, await serving(server, book));
      const source = async function* () {
        for (let n = 0; n < 3; n++) yield client.order as before.Order;
        await book.until(() => book.checked === 3);
        throw broken;
      };
      expect(await rejectionOf(orders.importOrders(source()))).to.equal(broken);
      if (server === plain && client === plain) await book.until(() => book.saves.length > 0);
      await settled(() => book.saves.length);
      return book.saves;
    };
    expect(await savedOf(plain, plain)).to.deep.equal([3]);
    for (const [server, client] of [
      [plain, ours],
      [ours, plain],
      [ours, ours],
    ] as const) {
      expect(await savedOf(server, client)).to.deep.equal([]);
    }
  });
});
