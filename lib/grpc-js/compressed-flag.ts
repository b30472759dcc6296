import { Code } from '../core/status.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServerCall } from './private.ts';

const UNCOMPRESSED = 0;
const COMPRESSED = 1;

/**
 * Ends a call with INTERNAL when a message is flagged as compressed but the call names no compression.
 *
 * Problem: grpc-js reads the bytes of such a message as they are, and also those of a message with an undefined flag.
 * Upstream: none found.
 * Fix: the call ends with INTERNAL, as https://github.com/grpc/grpc/blob/master/doc/compression.md requires.
 * Remove it when spec/grpc-js/compressed-flag.spec.ts passes without it.
 */
export const compressedFlag: Patch = {
  name: 'compressed-flag',
  without: 'a compressed request of a call that names no compression is read as if it were not compressed',
  shape: {
    serverCall: { methods: { decompressMessage: 2 }, properties: ['handler', 'deserialize'] },
  },
  apply: ({ serverCall }) => checkFlag(serverCall),
};

function checkFlag(proto: PrivateServerCall): void {
  const { decompressMessage } = proto;
  proto.decompressMessage = function (this: PrivateServerCall, message: Buffer, encoding: string): unknown {
    const details = isOurs(this.handler) ? whatIsWrong(message.readUInt8(0), encoding) : undefined;
    if (details === undefined) return decompressMessage.call(this, message, encoding);
    return Promise.reject({ code: Code.INTERNAL as number, details });
  };
}

function whatIsWrong(flag: number, encoding: string): string | undefined {
  if (flag === UNCOMPRESSED) return undefined;
  if (flag !== COMPRESSED) return `the compressed-flag of a message is 0 or 1, not ${flag}`;
  return encoding === 'identity' ? 'a message is compressed, but grpc-encoding names no compression' : undefined;
}
