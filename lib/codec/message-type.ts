import type { Message, Method } from '../core/method.ts';
import { serializer } from './buffer-pool.ts';
import { decode, decodeFrom, type Read } from './decode.ts';
import { type EncodeInto, encode, encodeFields } from './encode.ts';
import { type DecodeFrom, decodeReceived, deserializer } from './received.ts';
import type { Write } from './write-message.ts';

/** A message type that was generated from a .proto file. */
export interface MessageType<T, Init> {
  /** The full name in the .proto file: `users.User`. */
  readonly typeName: string;
  /**
   * Encodes a message. Its fields may be absent or undefined.
   *
   * @throws TypeError `pkg.Message.items[2].price: expected a number, got string "x"`, when a value does not fit, or a
   *   property is not a field.
   */
  readonly encode: (message: Init) => Buffer;
  /**
   * Decodes a message into a plain object with every field present.
   *
   * @throws Error `malformed pkg.Message: at byte 12: why`, when the bytes are not a message.
   */
  readonly decode: (bytes: Uint8Array) => T;
  /**
   * Completes a message, as the other side would read it: absent fields get their defaults, and numbers given for
   * 64-bit integers become bigints. It encodes and decodes the message.
   *
   * @throws TypeError when a value does not fit.
   */
  readonly create: (message: Init) => T;
  /** For generated code. */
  readonly read: Read<T>;
  /** For generated code. */
  readonly write: Write<Init>;
}

/** Makes a message type from the functions that read and write its fields. */
export function messageType<T, Init>(typeName: string, read: Read<T>, write: Write<Init>): MessageType<T, Init> {
  const encodeInto: EncodeInto<Init> = (writer, message) => encodeFields(typeName, write, writer, message);
  return {
    typeName,
    encode: message => encode(encodeInto, message),
    decode: bytes => decode(typeName, read, bytes),
    create: message => decode(typeName, read, encode(encodeInto, message)),
    read,
    write,
  };
}

type Later<T> = T | (() => T);

/**
 * Makes one RPC of a service. A message type from a file that imports this one is given as a function, because it may
 * not exist yet.
 */
export function method<I, IInit, O, OInit, RequestStream extends boolean, ResponseStream extends boolean>(
  path: string,
  requestStream: RequestStream,
  responseStream: ResponseStream,
  request: Later<MessageType<I, IInit>>,
  response: Later<MessageType<O, OInit>>,
): Method<Message<I, IInit>, Message<O, OInit>, RequestStream, ResponseStream> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: serializer(encoder(request) as EncodeInto<unknown>),
    requestDeserialize: deserializer(bytes => received(now(request), bytes) as Message<I, IInit>, decoder(request)),
    responseSerialize: serializer(encoder(response) as EncodeInto<unknown>),
    responseDeserialize: deserializer(bytes => received(now(response), bytes) as Message<O, OInit>, decoder(response)),
  };
}

function encoder<Init>(type: Later<MessageType<any, Init>>): EncodeInto<Init> {
  return (writer, value) => {
    const { typeName, write } = now(type);
    encodeFields(typeName, write, writer, value);
  };
}

function received<T>({ typeName, read }: MessageType<T, any>, bytes: Uint8Array): T {
  return decodeReceived(typeName, read, bytes);
}

function decoder<T>(type: Later<MessageType<T, any>>): DecodeFrom<T> {
  return reader => {
    const { typeName, read } = now(type);
    return decodeFrom(typeName, read, reader);
  };
}

function now<T extends object>(value: Later<T>): T {
  return typeof value === 'function' ? (value as () => T)() : value;
}
