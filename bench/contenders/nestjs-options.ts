import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import { serviceDefinition } from './grpc-service.ts';

/** For the service of the folder's messages.proto. */
export function grpcOptions(port: number): GrpcOptions {
  const [method] = Object.values(serviceDefinition());
  return {
    transport: Transport.GRPC,
    options: {
      package: method!.path.slice(1, method!.path.lastIndexOf('.')),
      protoPath: 'messages.proto',
      url: `127.0.0.1:${port}`,
      loader: { defaults: true },
    },
  };
}

/** NestJS does not tell which port it bound. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
