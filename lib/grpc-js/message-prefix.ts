import { Code } from '../core/status.ts';
import { isAdjusted } from './adjusted.ts';
import { ofClient, ofServer, withOption } from './message-size.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall, PrivateDecoder, PrivateServerCall } from './private.ts';

/** Of the first byte of a message, the compressed-flag. */
const MAX_FLAG = 1;
const PREFIX_BYTES = 5;

/**
 * What is no gRPC message is told as that, and a message that is too large by the option that raises the limit.
 *
 * Wrong: grpc-js looks at no more of a message's first byte than whether it is 1, and takes the next four for a length. Of an error
 * page that a proxy writes into a response it says "Received message larger than max (558124867 vs 4194304)". Upstream: none
 * found.
 * Mended: a first byte that is neither 0 nor 1 is INTERNAL, as with grpc-go, and the error shows what the message begins with.
 * (Of requests, compressed-flag.ts has those that are not too large.)
 * Not needed any more when spec/grpc-js/message-prefix.spec.ts passes without it.
 */
export const prefixOfResponses: Patch = {
  name: 'message-prefix (client)',
  without: 'what is no gRPC message inside a response is told as a message that is too large, or taken for one',
  shape: {
    clientCall: { methods: { push: 1, cancelWithStatus: 2 }, properties: ['decoder', 'transport'] },
  },
  apply: ({ clientCall }) => checkResponses(clientCall),
};

/** See {@link prefixOfResponses}. */
export const prefixOfRequests: Patch = {
  name: 'message-prefix (server)',
  without: 'what is no gRPC message inside a request is told as a message that is too large',
  shape: {
    serverCall: {
      methods: { handleDataFrame: 1, sendStatus: 1, decompressMessage: 2 },
      properties: ['decoder', 'handler', 'deserialize'],
    },
  },
  apply: ({ serverCall }) => checkRequests(serverCall),
};

function checkResponses(proto: PrivateClientCall): void {
  const { push, cancelWithStatus } = proto;

  proto.push = function (this: PrivateClientCall, message: Buffer): void {
    if (message[0]! > MAX_FLAG && isAdjusted(this)) this.cancelWithStatus(Code.INTERNAL, noMessage(message));
    else push.call(this, message);
  };

  proto.cancelWithStatus = function (this: PrivateClientCall, code: number, details: string): void {
    const status = isAdjusted(this) ? explained({ code, details }, this.decoder, ofClient) : { code, details };
    cancelWithStatus.call(this, status.code, status.details);
  };
}

function checkRequests(proto: PrivateServerCall): void {
  const { handleDataFrame, sendStatus, decompressMessage } = proto;
  /** Whose bytes are being taken apart: a status that it sends meanwhile is of these. */
  let receiver: PrivateServerCall | undefined;

  proto.handleDataFrame = function (this: PrivateServerCall, data: Buffer): void {
    if (isOurs(this.handler)) receiver = this;
    try {
      handleDataFrame.call(this, data);
    } finally {
      receiver = undefined;
    }
  };

  proto.sendStatus = function (this: PrivateServerCall, status): void {
    sendStatus.call(this, receiver === this ? explained(status, this.decoder, ofServer) : status);
  };

  proto.decompressMessage = function (this: PrivateServerCall, message: Buffer, encoding: string): unknown {
    const decompressed = decompressMessage.call(this, message, encoding);
    if (encoding === 'identity' || !isOurs(this.handler)) return decompressed;
    return Promise.resolve(decompressed).catch(status => {
      throw withOption(status, ofServer);
    });
  };
}

function explained<S extends { readonly code: number; readonly details: string }>(
  status: S,
  { readCompressFlag, readPartialSize }: PrivateDecoder,
  option: string,
): S {
  const tooLarge = withOption(status, option);
  if (tooLarge === status || (readCompressFlag?.[0] ?? 0) <= MAX_FLAG) return tooLarge;
  return { ...status, code: Code.INTERNAL, details: noMessage(Buffer.concat([readCompressFlag, readPartialSize])) };
}

/** What the error for bytes that are no gRPC message begins with. */
export const NO_MESSAGE = 'what came is no gRPC message, whose first byte is 0 or 1';

function noMessage(bytes: Buffer): string {
  const first = bytes.subarray(0, PREFIX_BYTES);
  const text = first.toString('latin1');
  const shown = /^[\t\n\r -~]*$/.test(text)
    ? JSON.stringify(text)
    : `the bytes ${first.toString('hex').replace(/..\B/g, '$& ')}`;
  return `${NO_MESSAGE}: it begins with ${shown}`;
}
