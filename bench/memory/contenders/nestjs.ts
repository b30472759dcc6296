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
import type { Observable } from 'rxjs';
import { freePort, grpcOptions } from '../../contenders/nestjs-options.ts';
import type { Parcel } from '../line.ts';
import { type Bench, overRxjs } from './over-rxjs.ts';

export const contender = overRxjs({
  async listen(bench) {
    @Controller()
    class BenchController implements Bench {
      @GrpcMethod('Bench', 'Download')
      download(request: object) {
        return bench.download(request);
      }
      @GrpcStreamMethod('Bench', 'Upload')
      upload(request$: Observable<Parcel>) {
        return bench.upload(request$);
      }
      @GrpcStreamMethod('Bench', 'Echo')
      echo(request$: Observable<Parcel>) {
        return bench.echo(request$);
      }
    }

    @Module({ controllers: [BenchController] })
    class BenchModule {}

    const port = await freePort();
    const app = await NestFactory.createMicroservice<GrpcOptions>(BenchModule, { ...grpcOptions(port), logger: false });
    await app.listen();
    return port;
  },

  clientOf: port => (ClientProxyFactory.create(grpcOptions(port)) as unknown as ClientGrpc).getService('Bench'),
});
