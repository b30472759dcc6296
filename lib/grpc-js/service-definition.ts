import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServerChannel } from '../call/message-channel.ts';
import { isProtobuf, type Method } from '../core/method.ts';
import { rawProtobufRequest, rawRequest } from './our-handlers.ts';
import { ServerStreamChannel } from './server-stream-channel.ts';

/** A service for grpc-js: every method is a stream/stream call of bytes. The handlers look after the shapes. */
export function grpcDefinition(methods: readonly (readonly [string, Method])[]): ServiceDefinition {
  return Object.fromEntries(
    methods.map(([name, method]) => [
      name,
      {
        path: method.path,
        requestStream: true,
        responseStream: true,
        requestSerialize: identity,
        requestDeserialize: isProtobuf(method) ? rawProtobufRequest : rawRequest,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    ]),
  );
}

/** The handlers for a grpc-js Server, which calls them with its streams. */
export function grpcImplementation(
  serves: ReadonlyMap<string, (channel: ServerChannel) => void>,
): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = Object.create(null);
  for (const [name, serve] of serves) handlers[name] = (stream: any) => serve(new ServerStreamChannel(stream));
  return handlers;
}

const identity = (bytes: Buffer): Buffer => bytes;
