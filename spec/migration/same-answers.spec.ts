import { expect } from 'chai';
import { rejectionOf } from '../support/record.ts';
import { OrderBook } from './order-book.ts';
import { type PartyClient, parties } from './support/parties.ts';

for (const [page, programs] of Object.entries(parties)) {
  for (const [serverName, server] of Object.entries(programs)) {
    for (const [clientName, client] of Object.entries(programs)) {
      describe(`from-${page}: the client of "${clientName}" and the server of "${serverName}"`, () => {
        const book = new OrderBook<any>();
        const incomplete = { ...client.order, items: [] };
        let orders: PartyClient;
        let stop: () => Promise<void>;

        before(async () => {
          const running = await server.serve(book);
          stop = running.stop;
          orders = client.connect(running.address);
        });
        after(async () => {
          orders.close();
          await stop();
        });

        it('agree on errors', async () => {
          expect(await rejectionOf(orders.getOrder('z'))).to.include({ code: 5, details: 'no order z' });
          expect(await rejectionOf(orders.importOrders([client.order, incomplete]))).to.include({
            code: 3,
            details: 'order a is incomplete',
          });
          expect(book.find('a')).to.equal(undefined);
        });

        it('agree on every value of all four shapes', async () => {
          expect(await orders.importOrders([client.order, { ...client.order, orderId: 'b' }])).to.deep.equal({
            saved: 2,
          });
          expect(await orders.getOrder('a')).to.deep.equal(client.order);
          expect(await orders.watchOrders(0, 2)).to.deep.equal([client.order, { ...client.order, orderId: 'b' }]);
          const prices = await orders.priceOrders([client.order, incomplete, client.order]);
          expect(prices.map(price => [price.orderId, Number(price.cents)])).to.deep.equal([
            ['a', 300],
            ['a', 0],
            ['a', 300],
          ]);
        });
      });
    }
  }
}
