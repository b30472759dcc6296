import { deepStrictEqual } from 'node:assert';
import { expect } from 'chai';
import { lastValueFrom, map, of, toArray } from 'rxjs';
import { type ClientOf, Code, close, connect, implement, isRpcError, loopback, serve } from '../../lib/index.ts';
import { Order, type OrderInit, Shop } from './golden/shop.ts';

const order: OrderInit = {
  id: '7',
  items: [{ sku: 'a', quantity: 2, price: { currency: 'EUR', cents: -5 } }],
  payment: { case: 'cash', value: { currency: 'EUR' } },
  discounts: { spring: { cents: 1n } },
};
const seen: Order[] = [];
const shop = implement.partial(Shop, {
  place: order$ =>
    order$.pipe(
      map(each => {
        seen.push(each);
        return { orderId: each.id, number: 1 };
      }),
    ),
  watch: () => [order, {}],
  haggle: money$ => money$.pipe(map(({ ofAnotherKind }) => ({ currency: ofAnotherKind, cents: 3n }))),
});

describe('A generated service', () => {
  const check = async (client: ClientOf<typeof Shop>): Promise<void> => {
    seen.length = 0;
    deepStrictEqual(await lastValueFrom(client.place(order)), { orderId: '7', number: 1n });
    expect(seen[0]!.items).to.deep.equal([{ sku: 'a', quantity: 2, price: { currency: 'EUR', cents: -5n } }]);
    expect(seen[0]).to.include({ note: undefined, state: 0, urgent: false });
    const orders = await lastValueFrom(client.watch({}).pipe(toArray()));
    expect(orders.map(({ id, payment }) => [id, payment?.case])).to.deep.equal([
      ['7', 'cash'],
      ['', undefined],
    ]);
    deepStrictEqual(await lastValueFrom(of({ ofAnotherKind: 'X' }).pipe(client.haggle)), { currency: 'X', cents: 3n });
    const error: unknown = await lastValueFrom(client.placeMany(of(order))).catch((cause: unknown) => cause);
    expect(isRpcError(error) && error.code).to.equal(Code.UNIMPLEMENTED);
    const wrong: unknown = await lastValueFrom(client.place({ id: 1 } as never)).catch((cause: unknown) => cause);
    expect(String(wrong)).to.contain('shop.Order.id: expected a string, got number 1');
  };

  it('is served and called over the wire', async () => {
    const server = await serve('http://127.0.0.1:0', shop);
    const client = connect(Shop, `http://127.0.0.1:${server.port}`);
    await check(client);
    close(client);
    await server.shutdown();
  });

  it('is served and called by loopback', async () => {
    const client = loopback(shop);
    await check(client);
    close(client);
  });
});

describe('create() of a generated message', () => {
  it('returns the message that the other side would read, and refuses invalid fields', () => {
    deepStrictEqual(Order.create(order), Order.decode(Order.encode(order)));
    deepStrictEqual(Order.create({}), Order.decode(Buffer.alloc(0)));
    expect(() => Order.create({ id: 1 } as never)).to.throw(
      TypeError,
      'shop.Order.id: expected a string, got number 1',
    );
  });
});
