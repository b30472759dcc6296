import { constants } from 'node:http2';
import { ADJUSTED, isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';
import type { PrivateRetryingCall } from './private-channel.ts';

/**
 * A call keeps its requests until it has sent this many bytes. A server that refuses a stream unprocessed never
 * enlarges the window of the stream. By then, the call has sent no more than HTTP/2's initial window (65,535 bytes; RFC
 * 9113, 6.9.2).
 */
export const KEPT_BYTES: number = 64 * 1024;

/**
 * The size of the retry buffer of a channel with this patch, in bytes. The buffer holds the requests that are being
 * written and those that {@link KEPT_BYTES} allows. The size is grpc-js's default for all calls of a channel together
 * ('grpc.retry_buffer_size').
 */
export const RETRY_BUFFER_BYTES: number = 16 * 1024 * 1024;

/**
 * Repeats a call that its server refuses unprocessed, however large its first requests are, without running further
 * ahead.
 *
 * Problem: grpc-js repeats a refused call only if its requests fit into the retry buffer, and it acknowledges a write
 * as soon as the request is in the buffer. A large buffer hides from the sender that nobody reads. With a small one, an
 * upload that starts just as its connection ends (connectionAge, shutdown) ends with UNAVAILABLE, although no handler
 * has seen it. grpc-js also repeats a call at once, on the same connection, even if a GOAWAY is the next frame to be
 * read. It acknowledges the failed write of a refused stream like any other write. On Node 26 that happens before
 * grpc-js knows of the refusal, and grpc-js 1.14.4 ends the call with the failed write. Upstream: none found.
 * Fix: a write is acknowledged when its bytes are on the wire, and the buffer is dropped once {@link KEPT_BYTES} have
 * been sent. The next attempt starts a turn of the event loop later. A failed write of a refused stream is a refusal.
 * Remove it when spec/grpc-js/repeats-refused.spec.ts passes without it.
 */
export const repeatsRefused: Patch = {
  name: 'repeats-refused',
  without: 'an upload whose first requests exceed 4 KiB is UNAVAILABLE when it begins just as its connection ends',
  shape: {
    clientCall: { methods: { endCall: 1, sendMessageWithContext: 2 }, properties: ['finalStatus', 'transport'] },
    retryingCall: {
      methods: {
        sendMessageWithContext: 2,
        handleChildWriteCompleted: 2,
        handleChildStatus: 2,
        cancelWithStatus: 2,
        getBufferEntry: 1,
        commitCall: 1,
      },
      properties: ['channel', 'state', 'writeBuffer', 'underlyingCalls', 'allocated', 'callback', 'progress'],
    },
  },
  apply: ({ clientCall, retryingCall }) => {
    tellRefusalOfWrite(clientCall);
    const refused = new WeakSet<PrivateRetryingCall>();
    acknowledgeWhenWritten(retryingCall, refused);
    repeatLater(retryingCall, refused);
  },
};

/** @param refused the calls that wait for their next attempt */
function acknowledgeWhenWritten(proto: PrivateRetryingCall, refused: WeakSet<PrivateRetryingCall>): void {
  const { sendMessageWithContext, handleChildWriteCompleted } = proto;
  const sentBytes = new WeakMap<PrivateRetryingCall, number>();

  proto.sendMessageWithContext = function (this: PrivateRetryingCall, context, message): void {
    const { callback } = context;
    if (this.channel.getOptions()[ADJUSTED] !== 1 || callback === undefined) {
      sendMessageWithContext.call(this, context, message);
      return;
    }
    let entry: ReturnType<PrivateRetryingCall['getBufferEntry']> | undefined;
    const unlessKept = (): void => {
      if (entry?.allocated !== true) callback();
    };
    sendMessageWithContext.call(this, { ...context, callback: unlessKept }, message);
    entry = this.writeBuffer.at(-1);
    if (entry?.allocated === true) entry.callback = callback;
  };

  proto.handleChildWriteCompleted = function (this: PrivateRetryingCall, index: number, messageIndex: number): void {
    if (this.state === 'COMMITTED' || this.channel.getOptions()[ADJUSTED] !== 1) {
      handleChildWriteCompleted.call(this, index, messageIndex);
      return;
    }
    // The next attempt writes the request again.
    if (refused.has(this) || this.underlyingCalls[index]!.state === 'COMPLETED') return;
    const entry = this.getBufferEntry(messageIndex);
    const bytes = (sentBytes.get(this) ?? 0) + (entry.message?.message.length ?? 0);
    sentBytes.set(this, bytes);
    if (bytes > KEPT_BYTES) this.commitCall(index);
    handleChildWriteCompleted.call(this, index, messageIndex);
    entry.callback = undefined; // a write by a later attempt is not acknowledged again
  };
}

function repeatLater(proto: PrivateRetryingCall, refused: WeakSet<PrivateRetryingCall>): void {
  const { handleChildStatus, cancelWithStatus } = proto;

  proto.handleChildStatus = function (this: PrivateRetryingCall, status, index: number): void {
    if (status.progress !== 'REFUSED' || this.channel.getOptions()[ADJUSTED] !== 1) {
      handleChildStatus.call(this, status, index);
      return;
    }
    refused.add(this);
    setImmediate(() => {
      if (refused.delete(this)) handleChildStatus.call(this, status, index);
    });
  };

  proto.cancelWithStatus = function (this: PrivateRetryingCall, code: number, details: string): void {
    refused.delete(this);
    cancelWithStatus.call(this, code, details);
  };
}

/** The details that grpc-js makes of Node's error for a write to a refused stream. */
const REFUSED_WRITE = 'Write error: Stream closed with error code NGHTTP2_REFUSED_STREAM';

function tellRefusalOfWrite(proto: PrivateClientCall): void {
  const { endCall, sendMessageWithContext } = proto;

  proto.endCall = function (this: PrivateClientCall, status): void {
    const isRefused = status.details === REFUSED_WRITE && isAdjusted(this);
    endCall.call(this, isRefused ? { ...status, ...refusedStatus } : status);
  };

  proto.sendMessageWithContext = function (this: PrivateClientCall, context, message): void {
    const { callback } = context;
    if (callback === undefined || !isAdjusted(this)) {
      sendMessageWithContext.call(this, context, message);
      return;
    }
    // The next attempt writes the request again.
    const unlessRefused = (): void => {
      if ((this.finalStatus as { rstCode?: number } | null)?.rstCode !== refusedStatus.rstCode) callback();
    };
    sendMessageWithContext.call(this, { ...context, callback: unlessRefused }, message);
  };
}

/** The status of a refused stream in the words of grpc-js. By its `rstCode`, grpc-js knows that the call can be repeated. */
const refusedStatus = { details: 'Stream refused by server', rstCode: constants.NGHTTP2_REFUSED_STREAM };
