import {
  type ChannelOptions,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';

/** The folder's messages.proto as proto-loader gives it, for those that build on grpc-js. */
export const packageDefinition = (): PackageDefinition => loadSync('messages.proto', { defaults: true });

/** Its one service. */
export function serviceDefinition(): ServiceDefinition {
  const [service] = Object.values(packageDefinition()).filter(one => !('format' in one));
  return service as ServiceDefinition;
}

/** Serves with grpc-js at a free port. */
export function listen(implementation: UntypedServiceImplementation): Promise<number> {
  const server = new Server();
  server.addService(serviceDefinition(), implementation);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

/** Gives each client a connection of its own, where clients of one target share one else. */
export const OWN_CONNECTION: ChannelOptions = { 'grpc.use_local_subchannel_pool': 1 };

/** A client of grpc-js: its methods by their names in the .proto, lowered. */
export function grpcClient(port: number, options: ChannelOptions = {}): any {
  const Client = makeGenericClientConstructor(serviceDefinition(), 'Bench');
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
}
