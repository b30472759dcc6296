import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createFileRegistry, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { packageDefinition, serviceDefinition } from './grpc-service.ts';

/** Serves with connect at a free port, over HTTP/2. */
export async function listen(implementation: object): Promise<number> {
  const routes = connectNodeAdapter({ routes: router => router.service(service(), implementation) });
  const server = createServer(routes).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A client of connect that speaks gRPC. */
export const connectClient = (port: number): any =>
  createClient(service(), createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));

/** The service as protobuf-es describes it, without its generator: out of the descriptor that proto-loader makes. */
function service(): DescService {
  const [method] = Object.values(serviceDefinition());
  const message = Object.values(packageDefinition()).find(one => 'fileDescriptorProtos' in one)!;
  const [file] = message.fileDescriptorProtos as Buffer[];
  const registry = createFileRegistry(fromBinary(FileDescriptorProtoSchema, file!), () => undefined);
  return registry.getService(method!.path.split('/')[1]!)!;
}
