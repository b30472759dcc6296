import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type ClientGrpc,
  ClientProxyFactory,
  GrpcMethod,
  type GrpcOptions,
  GrpcStreamMethod,
} from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { freePort, grpcOptions } from '../../contenders/nestjs-options.ts';
import type { Order, Parcel } from '../parcels.ts';
import { type BenchClient, overRxjs } from './over-rxjs.ts';

export const contender = overRxjs({
  async listen(bench) {
    @Controller()
    class BenchController {
      @GrpcMethod('Bench', 'Unary')
      unary(parcel: Parcel) {
        return parcel;
      }
      @GrpcMethod('Bench', 'ServerStream')
      serverStream(order: Order) {
        return bench.serverStream(order);
      }
      @GrpcStreamMethod('Bench', 'ClientStream')
      clientStream(request$: Observable<Parcel>) {
        return bench.clientStream(request$);
      }
      @GrpcStreamMethod('Bench', 'Bidi')
      bidi(request$: Observable<Parcel>) {
        return bench.bidi(request$);
      }
    }

    @Module({ controllers: [BenchController] })
    class BenchModule {}

    const port = await freePort();
    const app = await NestFactory.createMicroservice<GrpcOptions>(BenchModule, { ...grpcOptions(port), logger: false });
    await app.listen();
    return port;
  },

  clientOf: port =>
    (ClientProxyFactory.create(grpcOptions(port)) as unknown as ClientGrpc).getService<BenchClient & object>('Bench'),

  from: iterable => from(iterable),
});
