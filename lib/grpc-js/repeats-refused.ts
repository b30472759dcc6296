import { ADJUSTED } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateRetryingCall } from './private-channel.ts';

/**
 * A call keeps its requests until it has sent this many bytes. A server never enlarges the window of a stream that it refuses
 * unseen, so no more than HTTP/2's first window (65,535 bytes; RFC 9113, 6.9.2) has been sent by then.
 */
export const KEPT_BYTES: number = 64 * 1024;

/**
 * The retry buffer of a channel with this patch, in bytes. It holds what is being written and what {@link KEPT_BYTES} allows, and
 * is as large as grpc-js's default for all calls of a channel together ('grpc.retry_buffer_size').
 */
export const RETRY_BUFFER_BYTES: number = 16 * 1024 * 1024;

/**
 * A call that its server refuses unseen begins again, however large its first requests are, and runs no further ahead for that.
 *
 * Wrong: grpc-js repeats a refused call while its requests fit into the retry buffer, and acknowledges a write as soon as the
 * request is in there. A large buffer hides from the sender that nobody reads; with a small one, an upload that begins just as its
 * connection ends (connectionAge, shutdown) is UNAVAILABLE, although no handler has seen it. Upstream: none found.
 * And it repeats a call at once: on the same connection, whose GOAWAY may be the next thing to be read.
 * Mended: a write is acknowledged when its bytes are on the wire, and the buffer is dropped as soon as {@link KEPT_BYTES} are. The next
 * attempt begins a turn of the event loop later.
 * Not needed any more when spec/grpc-js/repeats-refused.spec.ts passes without it.
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

/** @param refused calls that wait for their next attempt */
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
    // The next attempt writes it.
    if (refused.has(this) || this.underlyingCalls[index]!.state === 'COMPLETED') return;
    const entry = this.getBufferEntry(messageIndex);
    const bytes = (sentBytes.get(this) ?? 0) + (entry.message?.message.length ?? 0);
    sentBytes.set(this, bytes);
    if (bytes > KEPT_BYTES) this.commitCall(index);
    handleChildWriteCompleted.call(this, index, messageIndex);
    entry.callback = undefined; // the write of a later attempt is no news
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
