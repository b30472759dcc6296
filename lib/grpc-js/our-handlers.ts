/** How the services of this library take requests: as bytes. By these functions their handlers are told from others. */
export const rawRequest = (bytes: Buffer): Buffer => bytes;

/** The same for a method whose messages are known to be protobuf. */
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
