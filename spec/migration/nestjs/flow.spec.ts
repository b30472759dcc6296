import { expect } from 'chai';
import { pull, toAsyncIterable } from 'rx-grpc';
import { config, Subject } from 'rxjs';
import { deferred } from '../../support/deferred.ts';
import { record } from '../../support/record.ts';
import { settled } from '../../support/settled.ts';
import { useClosing } from '../support/closing.ts';
import { AHEAD, MANY, manyOrders } from '../support/many-orders.ts';
import { type Party, parties } from '../support/parties.ts';
import { WatchedBook } from '../support/watched-book.ts';
import * as after from './after.ts';
import * as before from './before.ts';

describe('from-nestjs, the flow when', () => {
  const { before: nest, after: ours } = parties.nestjs;
  const onEnd = useClosing();

  async function serving(party: Party, book: WatchedBook): Promise<string> {
    const { address, stop } = await party.serve(book);
    onEnd(stop);
    return address;
  }

  function clientOf(party: Party, address: string): after.OrdersClient {
    const { orders, close } = party === nest ? before.connectOrders(address) : after.connectOrders(`http://${address}`);
    onEnd(close);
    return orders as after.OrdersClient;
  }

  it('the reader of a server stream stops reading', async () => {
    const ahead = async (party: Party) => {
      const book = new WatchedBook();
      await book.save([...manyOrders(party)]);
      const order$ = clientOf(ours, await serving(party, book)).watchOrders({ from: 0 });
      const reader = toAsyncIterable(order$)[Symbol.asyncIterator]();
      onEnd(() => reader.return?.());
      await reader.next();
      return settled(() => book.given);
    };
    expect(await ahead(nest)).to.equal(MANY);
    expect(await ahead(ours)).to.be.at.most(AHEAD);
  });

  const aheadOfHandler = async (server: Party, client: Party) => {
    const book = new WatchedBook();
    book.gate = new Promise(() => {});
    const orders = clientOf(client, await serving(server, book));
    let given = 0;
    const { subscription } = record(orders.priceOrders(pull(manyOrders(client, () => given++))));
    onEnd(() => subscription.unsubscribe());
    await book.until(() => book.priced > 0);
    return settled(() => given);
  };

  it('a handler is slower than its caller', async () => {
    expect(await aheadOfHandler(nest, ours)).to.equal(MANY);
    expect(await aheadOfHandler(ours, ours)).to.be.at.most(AHEAD);
  });

  it('a client uploads from a source that could wait', async () => {
    expect(await aheadOfHandler(ours, nest)).to.equal(MANY);
    expect(await aheadOfHandler(ours, ours)).to.be.at.most(AHEAD);
  });

  it('an upload is cancelled half-way', async () => {
    const savedOf = async (server: Party, client: Party) => {
      const book = new WatchedBook();
      const orders = clientOf(client, await serving(server, book));
      const order$ = new Subject<any>();
      const { subscription } = record(orders.importOrders(order$));
      for (let n = 0; n < 3; n++) order$.next(client.order);
      await book.until(() => book.checked === 3);
      subscription.unsubscribe();
      if (server === nest) await book.until(() => book.saves.length > 0);
      await settled(() => book.saves.length);
      return book.saves;
    };
    for (const client of [nest, ours]) {
      expect(await savedOf(nest, client)).to.deep.equal([3]);
      expect(await savedOf(ours, client)).to.deep.equal([]);
    }
  });

  it('the source of an upload fails', async () => {
    const broken = new Error('the file cannot be read');
    const uploading = async (client: Party) => {
      const book = new WatchedBook();
      const orders = clientOf(client, await serving(ours, book));
      const order$ = new Subject<any>();
      const upload = record(orders.importOrders(order$));
      onEnd(() => upload.subscription.unsubscribe());
      order$.next(client.order);
      await book.until(() => book.checked === 1);
      order$.error(broken);
      return upload;
    };
    const unhandled = deferred<unknown>();
    config.onUnhandledError = unhandled.resolve;
    try {
      const { subscription } = await uploading(nest);
      expect(await unhandled.promise).to.equal(broken);
      await settled(() => Number(subscription.closed));
      expect(subscription.closed).to.equal(false);
    } finally {
      config.onUnhandledError = null;
    }
    const { ending } = await uploading(ours);
    expect((await ending).error).to.equal(broken);
  });
});
