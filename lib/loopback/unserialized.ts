import type { Method } from '../core/method.ts';

/** A message as it is, in place of its bytes: it counts for none, so that of those on their way only their number is bounded. */
class Unserialized {
  readonly byteLength = 0;
  readonly message: unknown;

  constructor(message: unknown) {
    this.message = message;
  }
}

/** The method with messages handed over as they are. */
export function unserialized(method: Method): Method {
  return {
    ...method,
    requestSerialize: box,
    requestDeserialize: unbox,
    responseSerialize: box,
    responseDeserialize: unbox,
  };
}

const box = (message: unknown): Buffer => new Unserialized(message) as unknown as Buffer;
const unbox = (bytes: Buffer): unknown => (bytes as unknown as Unserialized).message;
