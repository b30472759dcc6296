import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createFileRegistry, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { packageDefinition } from './grpc-service.ts';
import { overAsyncIterables } from './over-async-iterables.ts';

export const contender = overAsyncIterables({
  async listen(bench) {
    const routes = connectNodeAdapter({ routes: router => router.service(service(), bench as any) });
    const server = createServer(routes).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  clientOf(port) {
    return createClient(service(), createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` })) as any;
  },
});

/** The service as protobuf-es describes it, without its generator: out of the descriptor that proto-loader makes. */
function service(): DescService {
  const { fileDescriptorProtos } = packageDefinition()['bench.memory.Parcel']!;
  const [file] = fileDescriptorProtos as Buffer[];
  const registry = createFileRegistry(fromBinary(FileDescriptorProtoSchema, file!), () => undefined);
  return registry.getService('bench.memory.Bench')!;
}
