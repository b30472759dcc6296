import type { Server } from '@grpc/grpc-js';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientGrpcProxy, type GrpcOptions, Transport } from '@nestjs/microservices';
import { expect } from 'chai';
import { Code, close, implement } from 'rx-grpc';
import { concat, lastValueFrom, NEVER, of } from 'rxjs';
import { errorOf, record, rejectionOf } from '../../support/record.ts';
import { settled } from '../../support/settled.ts';
import { useClosing } from '../support/closing.ts';
import { freeAddress, parties } from '../support/parties.ts';
import { WatchedBook } from '../support/watched-book.ts';
import * as before from './before.ts';
import { createApp, ordersOver } from './beside.ts';
import { TokenGuard } from './token-guard.ts';

describe('from-nestjs, an RPC of rx-grpc on a NestJS server', () => {
  const onEnd = useClosing();
  const { order } = parties.nestjs.before as { order: any };

  async function run(prepare: (app: INestMicroservice) => void = () => {}) {
    const book = new WatchedBook();
    const address = await freeAddress();
    const app = await createApp(address, book);
    prepare(app);
    await app.listen();
    onEnd(() => app.close());
    const { orders, close } = before.connectOrders(address);
    onEnd(close);
    return { book, address, orders };
  }

  it('answers on the same port and with the same values as the RPCs of NestJS', async () => {
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

  it('bypasses the guards of NestJS', async () => {
    const { orders } = await run(app => app.useGlobalGuards(new TokenGuard('secret')));
    expect(await errorOf(orders.getOrder({ orderId: 'a' }))).to.include({ code: Code.UNAUTHENTICATED });
    expect(await lastValueFrom(orders.importOrders(of(order)))).to.deep.equal({ saved: 1 });
  });

  it('must be excluded from NestJS', async () => {
    const { options } = before.grpcOptions(await freeAddress());
    const onLoadPackageDefinition = (definition: any, server: Server) => {
      const { ImportOrders } = definition['shop.Orders'];
      const { definition: added, implementation } = implement<any>({ ImportOrders }, { importOrders: () => NEVER });
      server.addService(added, implementation);
    };
    const transport = Transport.GRPC;
    const app = await NestFactory.createMicroservice<GrpcOptions>(class {}, {
      transport,
      options: { ...options, onLoadPackageDefinition },
    });
    onEnd(() => app.close());
    expect(await rejectionOf(app.listen())).to.have.property(
      'message',
      'Method handler for /shop.Orders/ImportOrders already provided.',
    );
  });

  it('may extend to a whole service', async () => {
    const address = await freeAddress();
    const { transport, options } = before.grpcOptions(address);
    const onLoadPackageDefinition = (definition: any, server: Server) => {
      const service = definition['shop.Orders'];
      delete definition['shop.Orders'];
      const added = implement.partial<any>(service, { getOrder: key$ => key$ });
      server.addService(added.definition, added.implementation);
    };
    const app = await NestFactory.createMicroservice<GrpcOptions>(class {}, {
      ...(transport && { transport }),
      options: { ...options, onLoadPackageDefinition },
    });
    onEnd(() => app.close());
    await app.listen();
    const { orders, close } = before.connectOrders(address);
    onEnd(close);
    expect(await lastValueFrom(orders.getOrder({ orderId: 'a' }))).to.include({ orderId: 'a' });
  });

  it('can be called over the connection of a NestJS client, which stays open when ours is closed', async () => {
    const { address } = await run();
    const proxy = new ClientGrpcProxy(before.grpcOptions(address).options);
    onEnd(() => proxy.close());
    const orders = ordersOver(proxy);
    expect(await lastValueFrom(orders.importOrders(of(parties.nestjs.after.order as any)))).to.deep.equal({ saved: 1 });
    close(orders);
    const { getOrder } = proxy.getService<before.OrdersClient>('Orders');
    expect(await lastValueFrom(getOrder({ orderId: 'a' }))).to.deep.equal(order);
  });
});
