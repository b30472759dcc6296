import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { testProto } from '../messages.ts';

const loaded = loadPackageDefinition(loadSync(fileURLToPath(testProto), { defaults: true }));
const testing = (loaded['grpc'] as GrpcObject)['testing'] as Record<string, ServiceClientConstructor>;

/** The services of protos/test.proto as proto-loader gives them. */
export const definitions: { readonly test: ServiceDefinition; readonly unimplemented: ServiceDefinition } = {
  test: testing['TestService']!.service,
  unimplemented: testing['UnimplementedService']!.service,
};

/** The same as constructors of clients. */
export const TestService: ServiceClientConstructor = testing['TestService']!;
export const UnimplementedService: ServiceClientConstructor = testing['UnimplementedService']!;
