import 'reflect-metadata';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type ClientGrpc,
  ClientProxyFactory,
  GrpcMethod,
  type GrpcOptions,
  GrpcStreamMethod,
  Transport,
} from '@nestjs/microservices';
import type { Observable } from 'rxjs';
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
    const app = await NestFactory.createMicroservice<GrpcOptions>(BenchModule, { ...options(port), logger: false });
    await app.listen();
    return port;
  },

  clientOf: port => (ClientProxyFactory.create(options(port)) as unknown as ClientGrpc).getService('Bench'),
});

const options = (port: number): GrpcOptions => ({
  transport: Transport.GRPC,
  options: {
    package: 'bench.memory',
    protoPath: 'messages.proto',
    url: `127.0.0.1:${port}`,
    loader: { defaults: true },
  },
});

/** NestJS does not tell which port it bound. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
