import { Code } from '../core/status.ts';
import { isAdjusted } from './adjusted.ts';
import { ofClient, ofServer, withOption } from './message-size.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall, PrivateDecoder, PrivateServerCall } from './private.ts';

/** The largest valid compressed-flag, the first byte of a message. */
const MAX_FLAG = 1;
const PREFIX_BYTES = 5;

/**
 * Reports data that is not a gRPC message as such, and names the option to raise when a message is too large.
 *
 * Problem: grpc-js only checks whether the first byte of a message is 1, and takes the next four bytes for the length.
 * For an error page that a proxy writes into a response, it reports "Received message larger than max (558124867 vs
 * 4194304)". Upstream: none found.
 * Fix: a first byte other than 0 and 1 ends the call with INTERNAL, as in grpc-go, and the error shows how the data
 * begins. (For requests within the size limit, compressed-flag.ts does this.)
 * Remove it when spec/grpc-js/message-prefix.spec.ts passes without it.
 */
export const prefixOfResponses: Patch = {
  name: 'message-prefix (client)',
  without: 'data in a response that is not a gRPC message is reported as a message that is too large, or read as one',
  shape: {
    clientCall: { methods: { push: 1, cancelWithStatus: 2 }, properties: ['decoder', 'transport'] },
  },
  apply: ({ clientCall }) => checkResponses(clientCall),
};

/** See {@link prefixOfResponses}. */
export const prefixOfRequests: Patch = {
  name: 'message-prefix (server)',
  without: 'data in a request that is not a gRPC message is reported as a message that is too large',
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
  /** The call whose data is being parsed. A status that it sends meanwhile is about that data. */
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

/** How the error text for data that is not a gRPC message begins. */
export const NO_MESSAGE = 'the received data is not a gRPC message, whose first byte is 0 or 1';

function noMessage(bytes: Buffer): string {
  const first = bytes.subarray(0, PREFIX_BYTES);
  const text = first.toString('latin1');
  const shown = /^[\t\n\r -~]*$/.test(text)
    ? JSON.stringify(text)
    : `the bytes ${first.toString('hex').replace(/..\B/g, '$& ')}`;
  return `${NO_MESSAGE}: it begins with ${shown}`;
}
