/** Deserializer of this library's services, which leaves requests as bytes. Its identity marks a handler as ours. */
export const rawRequest = (bytes: Buffer): Buffer => bytes;

/** The same deserializer for a method whose messages are known to be protobuf. */
export const rawProtobufRequest = (bytes: Buffer): Buffer => bytes;

interface Handler {
  readonly deserialize: (bytes: Buffer) => unknown;
}

/** Whether a handler of a grpc-js server belongs to a service of this library. */
export function isOurs({ deserialize }: Handler): boolean {
  return deserialize === rawRequest || deserialize === rawProtobufRequest;
}

export function isOurProtobuf({ deserialize }: Handler): boolean {
  return deserialize === rawProtobufRequest;
}
