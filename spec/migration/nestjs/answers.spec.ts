import { Metadata } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { expect } from 'chai';
import { Code, contextKey, type Implementation, implement, load, RpcError, type ServerCall, serve } from 'rx-grpc';
import { verifyBearer } from 'rx-grpc/middleware';
import { EMPTY, from, lastValueFrom, map, mergeMap, Observable, of, throwError, toArray } from 'rxjs';
import { deferred } from '../../support/deferred.ts';
import { errorOf, record } from '../../support/record.ts';
import { settled } from '../../support/settled.ts';
import { OrderBook } from '../order-book.ts';
import { useClosing } from '../support/closing.ts';
import { serveWithNest } from '../support/nest-probe.ts';
import { freeAddress } from '../support/parties.ts';
import * as after from './after.ts';
import * as before from './before.ts';

const { Orders } = await load(new URL('../orders.proto', import.meta.url));

describe('from-nestjs, answers when', () => {
  const onEnd = useClosing();
  const key = { orderId: 'a' };

  /** The same getOrder handler on both servers; its result is an Observable that needs no request. */
  async function servingOrder(order$: Observable<any>) {
    const nest = await serveWithNest({ getOrder: () => order$ });
    onEnd(nest.stop);
    return { nest: nest.address, ours: await servingOurs({ getOrder: () => order$ }) };
  }

  async function servingOurs(handlers: Partial<Implementation<any>>, hidden: unknown[] = []): Promise<string> {
    const server = await serve('http://127.0.0.1:0', implement.partial(Orders, handlers), {
      onError: error => hidden.push(error),
    });
    onEnd(() => server.shutdown({ graceMs: 0 }));
    return `127.0.0.1:${server.port}`;
  }

  const connectOurs = (address: string): after.OrdersClient => {
    const { orders, close } = after.connectOrders(`http://${address}`);
    onEnd(close);
    return orders;
  };

  const connectNest = (address: string): before.OrdersClient => {
    const { orders, close } = before.connectOrders(address);
    onEnd(close);
    return orders;
  };

  const waiting = { timeoutMs: 150 };

  it('a unary handler emits no value', async () => {
    const { nest, ours } = await servingOrder(EMPTY);
    expect(await errorOf(connectOurs(nest).getOrder(key, waiting))).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect(await errorOf(connectOurs(ours).getOrder(key))).to.include({ code: Code.UNIMPLEMENTED });
  });

  it('a unary handler emits two values', async () => {
    const { nest, ours } = await servingOrder(of({}, {}));
    const getOrder: any = connectNest(nest).getOrder;
    const deadline = Date.now() + waiting.timeoutMs;
    expect(await errorOf(getOrder(key, new Metadata(), { deadline }))).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect(await errorOf(connectNest(ours).getOrder(key))).to.include({ code: Code.UNIMPLEMENTED });
  });

  it('a unary call is cancelled', async () => {
    const begun = [deferred(), deferred()];
    let stopped = 0;
    let calls = 0;
    const { nest, ours } = await servingOrder(
      new Observable(() => {
        begun[calls++]!.resolve();
        return () => stopped++;
      }),
    );
    for (const [n, address] of [nest, ours].entries()) {
      const { subscription } = record(connectOurs(address).getOrder(key));
      await begun[n]!.promise;
      subscription.unsubscribe();
      expect(await settled(() => stopped)).to.equal(n);
    }
  });

  it('a handler subscribes to its requests a while after it was called', async () => {
    const importOrders = (order$: Observable<any>) =>
      from(settled(() => 0)).pipe(
        mergeMap(() => order$),
        toArray(),
        map(orders => ({ saved: orders.length })),
      );
    const asyncImport = async (order$: Observable<any>) => {
      await settled(() => 0);
      return order$.pipe(
        toArray(),
        map(orders => ({ saved: orders.length })),
      );
    };
    const importTo = (address: string) => lastValueFrom(connectOurs(address).importOrders(of({}, {}) as any));
    for (const [handler, saved] of [
      [importOrders, 0],
      [asyncImport, 2],
    ] as const) {
      const nest = await serveWithNest({ importOrders: handler });
      onEnd(nest.stop);
      expect(await importTo(nest.address)).to.deep.equal({ saved });
    }
    expect(await importTo(await servingOurs({ importOrders }))).to.deep.equal({ saved: 2 });
  });

  it('a call has a deadline', async () => {
    const seen: string[] = [];
    const see = (_: unknown, { method, deadline }: ServerCall) => {
      if (deadline !== undefined) seen.push(method.path);
      return method.responseStream ? EMPTY : of({});
    };
    const address = await servingOurs({ getOrder: see, watchOrders: see, importOrders: see, priceOrders: see });
    const deadline = new Date(Date.now() + 60_000);
    const nest: any = connectNest(address);
    for (const call of [nest.getOrder, nest.watchOrders, nest.importOrders, nest.priceOrders]) {
      await record(call(EMPTY, new Metadata(), { deadline })).ending;
    }
    expect(seen.splice(0)).to.deep.equal(['/shop.Orders/GetOrder', '/shop.Orders/WatchOrders']);
    const ours: any = connectOurs(address);
    for (const call of [ours.getOrder, ours.watchOrders, ours.importOrders, ours.priceOrders]) {
      await record(call(of({}), { deadline })).ending;
    }
    expect(seen).to.have.lengthOf(4);
  });

  it('a handler fails with an error that is not a status', async () => {
    const secret = Object.assign(new Error('password=123'), { code: Code.PERMISSION_DENIED });
    const fail = () => throwError(() => secret);
    const nest = await serveWithNest({ getOrder: fail });
    onEnd(nest.stop);
    const logged: unknown[] = [];
    const hidden: unknown[] = [];
    Logger.overrideLogger({ error: (error: unknown) => logged.push(error), log() {}, warn() {} });
    try {
      expect(await errorOf(connectOurs(nest.address).getOrder(key))).to.include({
        code: Code.UNKNOWN,
        details: 'Internal server error',
      });
    } finally {
      Logger.overrideLogger(false);
    }
    const ours = await servingOurs({ getOrder: fail }, hidden);
    expect(await errorOf(connectOurs(ours).getOrder(key))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    expect([logged, hidden]).to.deep.equal([[secret], [secret]]);
  });

  it('a handler throws an RpcException', async () => {
    const { nest, ours } = await servingOrder(
      throwError(() => new RpcException({ code: Code.NOT_FOUND, message: 'no such order' })),
    );
    expect(await errorOf(connectOurs(nest).getOrder(key))).to.include({
      code: Code.NOT_FOUND,
      details: 'no such order',
    });
    expect(await errorOf(connectOurs(ours).getOrder(key))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    const text = await serveWithNest({ getOrder: () => throwError(() => new RpcException('no such order')) });
    onEnd(text.stop);
    expect(await errorOf(connectOurs(text.address).getOrder(key))).to.include({
      code: Code.UNKNOWN,
      details: 'no such order',
    });
  });

  it('a handler throws an RpcError', async () => {
    const { nest, ours } = await servingOrder(throwError(() => new RpcError(Code.NOT_FOUND, 'no such order')));
    expect(await errorOf(connectOurs(nest).getOrder(key))).to.include({
      code: Code.UNKNOWN,
      details: 'Internal server error',
    });
    expect(await errorOf(connectNest(ours).getOrder(key))).to.include({
      code: Code.NOT_FOUND,
      details: 'no such order',
    });
  });

  it('a handler returns a plain value', async () => {
    const nest = await serveWithNest({ getOrder: () => ({ orderId: 'a' }) });
    onEnd(nest.stop);
    expect(await lastValueFrom(connectOurs(nest.address).getOrder(key))).to.include({ orderId: 'a' });
    const hidden: unknown[] = [];
    const ours = await servingOurs({ getOrder: () => ({ orderId: 'a' }) as any }, hidden);
    expect(await errorOf(connectOurs(ours).getOrder(key))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    expect(hidden).to.have.length(1);
    expect(hidden[0]).to.be.instanceOf(TypeError);
    expect((hidden[0] as Error).message).to.match(
      /^\/shop\.Orders\/GetOrder: expected the handler to return an Observable, a promise or an iterable/,
    );
  });

  it('an async handler returns an Observable', async () => {
    const getOrder = async () => of({ orderId: 'a' });
    const nest = await serveWithNest({ getOrder });
    onEnd(nest.stop);
    for (const address of [nest.address, await servingOurs({ getOrder: getOrder as any })]) {
      expect(await lastValueFrom(connectOurs(address).getOrder(key))).to.include({ orderId: 'a' });
    }
  });

  it('a guard returns false', async () => {
    const address = await freeAddress();
    const app = await before.createApp(address, new OrderBook());
    app.useGlobalGuards({ canActivate: () => false });
    await app.listen();
    onEnd(() => app.close());
    expect(await errorOf(connectOurs(address).getOrder(key))).to.include({
      code: Code.UNKNOWN,
      details: 'Forbidden resource',
    });
    const server = await after.serveOrders('http://127.0.0.1:0', new OrderBook(), {
      middleware: [verifyBearer(contextKey<boolean>('may'), () => false)],
    });
    onEnd(() => server.shutdown({ graceMs: 0 }));
    const metadata = { authorization: 'Bearer t' };
    expect(await errorOf(connectOurs(`127.0.0.1:${server.port}`).getOrder(key, { metadata }))).to.include({
      code: Code.UNAUTHENTICATED,
      details: 'the token was not accepted',
    });
  });
});
