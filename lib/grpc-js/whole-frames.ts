import { TRUNCATED, truncatedMessage } from '../call/message-channel.ts';
import { Code } from '../core/status.ts';
import { isAdjusted } from './adjusted.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall, PrivateServerCall } from './private.ts';

/**
 * Ends a call with INTERNAL when its stream ends inside a message frame, on both sides, as in grpc-go.
 *
 * Problem: grpc-js drops the incomplete message and reports a normal end. Upstream: none found.
 * Fix: at the end of the stream, the patch checks whether the decoder is between two messages. If it is not, a client
 * turns OK into INTERNAL, and a service of this library receives {@link truncatedMessage} before the half-close.
 * Remove it when spec/grpc-js/whole-frames.spec.ts passes without it.
 */
export const wholeFramesOfResponses: Patch = {
  name: 'whole-frames (client)',
  without: 'a response stream that is cut off inside a message ends with OK',
  shape: {
    clientCall: { methods: { outputStatus: 0 }, properties: ['finalStatus', 'decoder', 'transport'] },
  },
  apply: ({ clientCall }) => checkLastResponse(clientCall),
};

/** See {@link wholeFramesOfResponses}. */
export const wholeFramesOfRequests: Patch = {
  name: 'whole-frames (server)',
  without: 'a request stream that is cut off inside a message looks complete',
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
