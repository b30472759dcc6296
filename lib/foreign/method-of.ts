import { type Method, writesProtobuf } from '../core/method.ts';

/** Encodes and decodes the messages of another generator. */
export interface MessageCodec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** Makes one RPC of a service from another generator. */
export function methodOf(
  shape: Pick<Method, 'path' | 'requestStream' | 'responseStream'>,
  request: MessageCodec,
  response: MessageCodec,
): Method {
  return {
    ...shape,
    requestSerialize: value => toBuffer(request.encode(value)),
    requestDeserialize: bytes => request.decode(bytes),
    responseSerialize: writesProtobuf((value: unknown) => toBuffer(response.encode(value))),
    responseDeserialize: bytes => response.decode(bytes),
  };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
