import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Code } from 'rx-grpc';
import { lastValueFrom } from 'rxjs';
import { errorOf } from '../support/record.ts';
import * as grpcJsBefore from './grpc-js/before.ts';
import { requireToken as interceptor } from './grpc-js/token-interceptor.ts';
import * as nestjsAfter from './nestjs/after.ts';
import * as nestjsBefore from './nestjs/before.ts';
import { TokenGuard } from './nestjs/token-guard.ts';
import { OrderBook } from './order-book.ts';
import { useClosing } from './support/closing.ts';
import { freeAddress, type Party, parties } from './support/parties.ts';
import { requireToken } from './token-middleware.ts';

describe('A call without its token', () => {
  const onEnd = useClosing();
  const bookOf = ({ order }: Party) => {
    const book = new OrderBook<any>();
    book.save([order as any]);
    return book;
  };

  const servers: Readonly<Record<string, () => Promise<string>>> = {
    async 'a guard of NestJS'() {
      const address = await freeAddress();
      const app = await nestjsBefore.createApp(address, bookOf(parties.nestjs.before));
      app.useGlobalGuards(new TokenGuard('secret'));
      await app.listen();
      onEnd(() => app.close());
      return address;
    },
    async 'an interceptor of grpc-js'() {
      const interceptors = [interceptor('secret')];
      const { server, port } = await grpcJsBefore.serveOrders('127.0.0.1:0', bookOf(parties['grpc-js'].before), {
        interceptors,
      });
      onEnd(() => server.forceShutdown());
      return `127.0.0.1:${port}`;
    },
    async 'middleware of rx-grpc'() {
      const middleware = [requireToken('secret')];
      const server = await nestjsAfter.serveOrders('http://127.0.0.1:0', bookOf(parties.nestjs.after), { middleware });
      onEnd(() => server.shutdown({ graceMs: 0 }));
      return `127.0.0.1:${server.port}`;
    },
  };

  for (const [name, run] of Object.entries(servers)) {
    it(`is UNAUTHENTICATED with ${name}, and gets an answer with the token`, async () => {
      const { orders, close } = nestjsBefore.connectOrders(await run());
      onEnd(close);
      const metadata = new Metadata();
      expect(await errorOf(orders.getOrder({ orderId: 'a' }, metadata))).to.include({
        code: Code.UNAUTHENTICATED,
        details: 'no token',
      });
      metadata.set('authorization', 'Bearer secret');
      expect(await lastValueFrom(orders.getOrder({ orderId: 'a' }, metadata))).to.include({ orderId: 'a' });
    });
  }
});
