import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';

/** The service as proto-loader gives it, for those that build on grpc-js. */
export const packageDefinition = (): PackageDefinition => loadSync('messages.proto', { defaults: true });

export const serviceDefinition = (): ServiceDefinition =>
  packageDefinition()['bench.memory.Bench'] as ServiceDefinition;

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

/** A client of grpc-js: its methods by their names in the .proto, lowered. */
export function grpcClient(port: number): any {
  const { bench } = loadPackageDefinition(packageDefinition());
  const { memory } = bench as GrpcObject;
  const { Bench } = memory as Record<string, ServiceClientConstructor>;
  return new Bench!(`127.0.0.1:${port}`, credentials.createInsecure());
}
