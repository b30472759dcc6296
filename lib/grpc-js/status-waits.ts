import type { StatusObject } from '@grpc/grpc-js';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';

/** Calls that this side has ended: by a cancellation, by a deadline, or because of an unacceptable message. */
const cut = new WeakSet<PrivateClientCall>();

/**
 * Holds back the end of a call until the messages received before it have been read, if the server or the loss of the
 * connection caused that end. The first such end counts.
 *
 * Problem: grpc-js reports any status but OK at once, and drops the messages that it has received and not yet passed on
 * (a reader slower than the sender got 17 of 100 messages). With OK it waits for the 'end' event of the stream. A
 * stream that is reset after its trailers emits no 'end', and the call hangs; a connection lost meanwhile turns OK into
 * UNAVAILABLE.
 * Upstream: https://github.com/grpc/grpc-node/issues/2764
 * Fix: all such ends wait by the same rule, and data that a destroyed stream still buffers is taken out of it. A call
 * that this side ends still ends at once.
 * Remove it when spec/grpc-js/status-waits.spec.ts passes without it.
 */
export const statusWaits: Patch = {
  name: 'status-waits',
  without: 'a slow reader loses responses that came before an error or a lost connection',
  shape: {
    clientCall: {
      methods: { endCall: 1, maybeOutputStatus: 0, startRead: 0, cancelWithStatus: 2, outputStatus: 0, push: 1 },
      properties: [
        'http2Stream',
        'finalStatus',
        'readsClosed',
        'unpushedReadMessages',
        'isPushPending',
        'canPush',
        'transport',
      ],
    },
  },
  apply: ({ clientCall }) => holdStatuses(clientCall),
};

function holdStatuses(proto: PrivateClientCall): void {
  const { endCall, maybeOutputStatus, startRead, cancelWithStatus } = proto;

  proto.endCall = function (this: PrivateClientCall, status: StatusObject): void {
    if (!isAdjusted(this)) endCall.call(this, status);
    else if (this.finalStatus === null) {
      this.http2Stream.on('close', () => this.maybeOutputStatus());
      endCall.call(this, status);
    }
  };

  proto.maybeOutputStatus = function (this: PrivateClientCall): void {
    if (!isAdjusted(this)) {
      maybeOutputStatus.call(this);
      return;
    }
    if (this.http2Stream.destroyed) takeRest(this);
    if (this.finalStatus !== null && (cut.has(this) || isAllRead(this))) this.outputStatus();
  };

  proto.startRead = function (this: PrivateClientCall): void {
    if (!isAdjusted(this)) {
      startRead.call(this);
      return;
    }
    this.canPush = true;
    const message = this.unpushedReadMessages.shift();
    if (message !== undefined) this.push(message);
    else if (this.http2Stream.destroyed) this.maybeOutputStatus();
    else this.http2Stream.resume();
  };

  proto.cancelWithStatus = function (this: PrivateClientCall, code: number, details: string): void {
    if (isAdjusted(this)) {
      cut.add(this);
      this.finalStatus = null;
    }
    cancelWithStatus.call(this, code, details);
  };
}

function isAllRead({ readsClosed, unpushedReadMessages, isPushPending }: PrivateClientCall): boolean {
  return readsClosed && unpushedReadMessages.length === 0 && !isPushPending;
}

/** A destroyed stream emits nothing more, but still buffers the data that it has received. */
function takeRest(call: PrivateClientCall): void {
  const { http2Stream } = call;
  const takers = http2Stream.listeners('data');
  http2Stream.removeAllListeners('data');
  // Since Node 26, read() returns one chunk and not the whole buffer (https://github.com/nodejs/node/pull/60441).
  for (let chunk = http2Stream.read(); chunk !== null; chunk = http2Stream.read()) {
    for (const take of takers) take.call(http2Stream, chunk);
  }
  call.readsClosed = true;
}
