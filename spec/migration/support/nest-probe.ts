import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, type GrpcOptions, GrpcStreamMethod } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { grpcOptions } from '../nestjs/before.ts';
import { freeAddress } from './parties.ts';

export interface NestHandlers {
  getOrder?(key: any): unknown;
  importOrders?(order$: Observable<any>): unknown;
}

/** A NestJS server of Orders with custom handlers. */
export async function serveWithNest(
  handlers: NestHandlers,
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  @Controller()
  class ProbeController {
    @GrpcMethod('Orders')
    getOrder(key: object) {
      return handlers.getOrder?.(key);
    }

    @GrpcStreamMethod('Orders')
    importOrders(order$: Observable<any>) {
      return handlers.importOrders?.(order$);
    }
  }

  @Module({ controllers: [ProbeController] })
  class ProbeModule {}

  const address = await freeAddress();
  const app = await NestFactory.createMicroservice<GrpcOptions>(ProbeModule, grpcOptions(address));
  await app.listen();
  return { address, stop: () => app.close() };
}
