/**
 * One RPC: its path, its shape and its serializers. It has the form of a MethodDefinition of grpc-js, so the definitions of
 * proto-loader, grpc-tools, ts-proto and others fit as they are.
 */
export interface Method<
  I = any,
  O = any,
  RequestStream extends boolean = boolean,
  ResponseStream extends boolean = boolean,
> {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestStream: RequestStream;
  readonly responseStream: ResponseStream;
  readonly requestSerialize: (value: I) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => I;
  readonly responseSerialize: (value: O) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => O;
}

/** The path and the shape of an RPC, for middleware. */
export type MethodInfo = Pick<Method, 'path' | 'requestStream' | 'responseStream'>;

/** The methods of a service, by name. Any `ServiceDefinition` of grpc-js is one. */
export type Service = Readonly<Record<string, Method>>;

declare const read: unique symbol;
declare const write: unique symbol;

/** A message type of generated code: `Read` has every field, in `Write` each field is optional. */
export interface Message<Read, Write> {
  readonly [read]: Read;
  readonly [write]: Write;
}

/** The type of a received message: every field is present. */
export type ReadOf<T> = IsAny<T> extends true ? any : T extends Message<infer Read, any> ? Read : T;
/** The type of a message to send: fields may be absent or undefined. */
export type WriteOf<T> = IsAny<T> extends true ? any : T extends Message<any, infer Write> ? Write : T;

export type IsAny<T> = 0 extends 1 & T ? true : false;

const protobufSerializers = new WeakSet<object>();

/** Marks a serializer as one that writes protobuf. Returns it. */
export function writesProtobuf<Serialize extends object>(serialize: Serialize): Serialize {
  protobufSerializers.add(serialize);
  return serialize;
}

/** Whether the messages of a method are known to be protobuf. A user's own serializers may write any format. */
export function isProtobuf({ responseSerialize }: Method): boolean {
  return protobufSerializers.has(responseSerialize);
}
