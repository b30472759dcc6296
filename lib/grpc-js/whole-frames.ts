import { Code } from '../core/status.ts';
import { isAdjusted } from './adjusted.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall, PrivateServerCall } from './private.ts';

/** What a service of ours is given in place of a message that was not whole. */
export const truncatedMessage: Buffer = Buffer.from([0xff]);

export const TRUNCATED = 'the stream ended inside a message';

/**
 * A stream that ends inside a message frame is INTERNAL, on both sides, as with grpc-go.
 *
 * Wrong: grpc-js drops what there is of the message and takes the end for a good one. Upstream: none found.
 * Mended: at the end of the stream the decoder is asked whether it stands between two messages. A client makes INTERNAL of an
 * OK; a service of ours is given {@link truncatedMessage} before the half-close.
 * Not needed any more when spec/grpc-js/whole-frames.spec.ts passes without it.
 */
export const wholeFramesOfResponses: Patch = {
  name: 'whole-frames (client)',
  without: 'a response stream that is cut off inside a message ends as a good one',
  shape: {
    clientCall: { methods: { outputStatus: 0 }, properties: ['finalStatus', 'decoder', 'transport'] },
  },
  apply: ({ clientCall }) => checkLastResponse(clientCall),
};

/** See {@link wholeFramesOfResponses}. */
export const wholeFramesOfRequests: Patch = {
  name: 'whole-frames (server)',
  without: 'a request stream that is cut off inside a message ends as a good one',
  shape: {
    serverCall: {
      methods: { handleEndEvent: 0 },
      properties: ['decoder', 'handler', 'deserialize', 'readQueue', 'compressedMessage', 'parsedMessage'],
    },
  },
  apply: ({ serverCall }) => checkLastRequest(serverCall),
};

function checkLastResponse(proto: PrivateClientCall): void {
  const { outputStatus } = proto;
  proto.outputStatus = function (this: PrivateClientCall): void {
    const { finalStatus, decoder } = this;
    if (finalStatus?.code === Code.OK && decoder.readState !== 0 && isAdjusted(this)) {
      this.finalStatus = { ...finalStatus, code: Code.INTERNAL as number, details: TRUNCATED };
    }
    outputStatus.call(this);
  };
}

function checkLastRequest(proto: PrivateServerCall): void {
  const { handleEndEvent } = proto;
  proto.handleEndEvent = function (this: PrivateServerCall): void {
    if (isOurs(this.handler) && this.decoder.readState !== 0) {
      this.readQueue.push({ type: 'READABLE', compressedMessage: null, parsedMessage: truncatedMessage });
    }
    handleEndEvent.call(this);
  };
}
