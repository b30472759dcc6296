import type { IsAny, Service } from '../core/method.ts';
import { type GenericMethods, genericService } from './generic-definition.ts';
import type { GrpcJsMethods } from './grpc-js.ts';
import { type ProtobufEsMethods, protobufEsService } from './protobuf-es.ts';
import { protobufTsService } from './protobuf-ts.ts';

/**
 * Converts a service of any supported generator to its methods. A `ServiceDefinition` of grpc-js is returned as it is.
 */
export function serviceOf(definition: object): Service {
  return (
    genericService(definition) ??
    protobufEsService(definition) ??
    protobufTsService(definition) ??
    (definition as Service)
  );
}

/** The type of {@link serviceOf}: each method with the message types of its generator. */
export type ServiceOf<S> =
  IsAny<S> extends true
    ? any
    : S extends { readonly fullName: string; readonly methods: infer Methods }
      ? GenericMethods<Methods>
      : S extends { readonly kind: 'service'; readonly method: infer Methods }
        ? ProtobufEsMethods<Methods>
        : S extends { readonly typeName: string; readonly methods: readonly { readonly I: unknown }[] }
          ? any // protobuf-ts: its ServiceType does not name the message types
          : GrpcJsMethods<S>;
