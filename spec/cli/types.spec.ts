import { expectTypeOf } from 'expect-type';
import { map, type Observable, of } from 'rxjs';
import type { Edition, FileDescriptorProto } from '../../lib/google/protobuf/descriptor.ts';
import type { Timestamp } from '../../lib/google/protobuf/timestamp.ts';
import { connect, implement } from '../../lib/index.ts';
import { mergeMap } from '../../lib/operators.ts';
import { Legacy, type LegacyInit, Size } from './golden/codec/old.ts';
import type { Money as RealMoney } from './golden/shop/money.ts';
import { Money, Order, Order_Item, Order_State, type OrderInit, type Receipt, Shop } from './golden/shop.ts';

type Card = { readonly case: 'card'; readonly value: string };

// Compiled, not run: mistakes here are errors of tsc.
describe('The types of generated code', () => {
  it('are complete for messages that are read', () => {
    expectTypeOf<Order['id']>().toEqualTypeOf<string>();
    expectTypeOf<Order['items']>().toEqualTypeOf<readonly Order_Item[]>();
    expectTypeOf<Order['placed']>().toEqualTypeOf<Timestamp | undefined>();
    expectTypeOf<Order['note']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Order['discounts']>().toEqualTypeOf<{ readonly [key: string]: RealMoney }>();
    expectTypeOf<Extract<Order['payment'], { case: 'card' }>>().toEqualTypeOf<Card>();
    expectTypeOf<Extract<Order['payment'], { case: 'account' }>['value']>().toEqualTypeOf<bigint>();
    expectTypeOf<Order['state']>().toEqualTypeOf<0 | 1 | 2>();
    expectTypeOf(Order_State.STATE_SENT).toEqualTypeOf<2>();
    expectTypeOf(Order.decode).returns.toEqualTypeOf<Order>();
    expectTypeOf<Legacy['count']>().toEqualTypeOf<number>();
    expectTypeOf<Legacy['plain']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<FileDescriptorProto['edition']>().toEqualTypeOf<Edition | undefined>();
  });

  it('make all fields but required ones optional in messages to write', () => {
    const order: OrderInit = {
      items: [{}],
      payment: { case: 'account', value: 5 },
      placed: { seconds: 1n },
      note: undefined,
    };
    expectTypeOf<Order>().toExtend<OrderInit>();
    const use = () => {
      Order.encode(order);
      Order.encode({});
      Legacy.encode({ id: '', size: Size.LARGE });
      // @ts-expect-error a required field is missing
      const legacy: LegacyInit = { count: 1 };
      // @ts-expect-error there is no such field
      Order.encode({ idd: '' });
      // @ts-expect-error a field of another type
      Order.encode({ id: 1 });
      // @ts-expect-error a oneof member beside the other fields
      Order.encode({ card: '4111' });
      // @ts-expect-error there is no such case
      Order.encode({ payment: { case: 'cheque', value: '' } });
      // @ts-expect-error the case and the value do not match
      Order.encode({ payment: { case: 'card', value: 1n } });
      // @ts-expect-error not a number of the enum
      Order.encode({ state: 7 });
      // @ts-expect-error a string is not a message
      Order.encode('x');
      return legacy;
    };
    expectTypeOf(use).toBeFunction();
  });

  it('distinguish a message without fields from others', () => {
    const use = (order: Order) => {
      const shop = connect(Shop, 'http://127.0.0.1:3000');
      shop.watch({});
      // @ts-expect-error a message with fields
      shop.watch(order);
      // @ts-expect-error a message with fields
      shop.watch({ id: '' });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of a client match the service', () => {
    const use = () => {
      const shop = connect(Shop, 'http://127.0.0.1:3000');
      expectTypeOf(shop.place).parameter(0).toEqualTypeOf<OrderInit | Observable<OrderInit>>();
      expectTypeOf(shop.place).returns.toEqualTypeOf<Observable<Receipt>>();
      expectTypeOf(shop.placeMany).parameter(0).toEqualTypeOf<Observable<OrderInit>>();
      expectTypeOf(shop.watch).returns.toEqualTypeOf<Observable<Order>>();
      expectTypeOf(of({ id: '1' }).pipe(shop.placeMany)).toEqualTypeOf<Observable<Receipt>>();
      shop.place({ id: '1', items: [{ sku: 'a', quantity: 2 }] });
      shop.place(of({ id: '1' }));
      shop.watch({}).pipe(
        map(order => ({ id: order.id, note: order.note ?? '' })),
        shop.placeMany,
      );
      shop.watch({}).pipe(mergeMap(order => shop.place(order)));
      // @ts-expect-error a wrong field of a message
      shop.place({ ide: '1' });
      // @ts-expect-error a wrong field inside a message
      shop.place({ items: [{ skew: 'a' }] });
      // @ts-expect-error a message in place of a stream
      shop.placeMany({ id: '1' });
      // @ts-expect-error there is no such method
      shop.buy;
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of an implementation match the service', () => {
    const receipt = { orderId: '1', number: 1n };
    const use = () => {
      implement(Shop, {
        place: order$ => order$.pipe(map(order => ({ orderId: order.id.toUpperCase(), number: 1 }))),
        watch: () => [{ id: '1' }],
        placeMany: async order$ => {
          expectTypeOf(order$).toEqualTypeOf<Observable<Order>>();
          return receipt;
        },
        haggle: money$ => money$.pipe(map(({ real }) => ({ currency: real?.currency, cents: 1n }))),
      });
      // @ts-expect-error a method is missing
      implement(Shop, { watch: () => [], placeMany: () => of(receipt), haggle: () => [] });
      implement.partial(Shop, { watch: () => [{ id: '1' }] });
      // @ts-expect-error there is no such method
      implement.partial(Shop, { wotch: () => [] });
      // @ts-expect-error responses of another type
      implement.partial(Shop, { watch: () => [{ id: 1 }] });
    };
    expectTypeOf(use).toBeFunction();
    expectTypeOf(Money.typeName).toEqualTypeOf<string>();
    expectTypeOf(Order_Item.decode).returns.toEqualTypeOf<Order_Item>();
  });
});
