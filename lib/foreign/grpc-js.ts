import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServiceDefinition,
} from '@grpc/grpc-js';
import type { IsAny, Message, Method } from '../core/method.ts';

/**
 * The methods of a `ServiceDefinition` of grpc-js, with the message types that the generator knows. Two generators hide
 * some of them: proto-loader has different types for reading and writing, and protobuf-ts names the messages only in
 * the type of the implementation.
 */
export type GrpcJsMethods<S> =
  S extends ServiceDefinition<infer Handlers>
    ? { readonly [K in keyof S]: MethodOf<S[K], K extends keyof Handlers ? Handlers[K] : unknown> }
    : S;

type MethodOf<M, Handler> =
  IsAny<M> extends true
    ? any
    : M extends {
          readonly requestStream: infer RequestStream extends boolean;
          readonly responseStream: infer ResponseStream extends boolean;
          readonly requestSerialize: (value: infer WriteI) => any;
          readonly requestDeserialize: (bytes: any) => infer ReadI;
          readonly responseSerialize: (value: infer WriteO) => any;
          readonly responseDeserialize: (bytes: any) => infer ReadO;
        }
      ? IsAny<ReadI> extends true
        ? HandledBy<Handler, M>
        : Method<MessageOf<ReadI, WriteI>, MessageOf<ReadO, WriteO>, RequestStream, ResponseStream>
      : M;

type MessageOf<Read, Write> = IsSame<Read, Write> extends true ? Read : Message<Read, Write>;

type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

type HandledBy<Handler, Otherwise> = [Handler] extends [handleUnaryCall<infer I, infer O>]
  ? Method<I, O, false, false>
  : [Handler] extends [handleServerStreamingCall<infer I, infer O>]
    ? Method<I, O, false, true>
    : [Handler] extends [handleClientStreamingCall<infer I, infer O>]
      ? Method<I, O, true, false>
      : [Handler] extends [handleBidiStreamingCall<infer I, infer O>]
        ? Method<I, O, true, true>
        : Otherwise;
