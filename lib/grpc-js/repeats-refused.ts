import { ADJUSTED } from './adjusted.ts';
import type { Patch } from './patch.ts';
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
 * read. Upstream: none found.
 * Fix: a write is acknowledged when its bytes are on the wire, and the buffer is dropped once {@link KEPT_BYTES} have
 * been sent. The next attempt starts a turn of the event loop later.
 * Remove it when spec/grpc-js/repeats-refused.spec.ts passes without it.
 */
export const repeatsRefused: Patch = {
  name: 'repeats-refused',
  without: 'an upload whose first requests exceed 4 KiB is UNAVAILABLE when it begins just as its connection ends',
  shape: {
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
  apply: ({ retryingCall }) => {
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
