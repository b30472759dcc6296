import type { StatusObject } from '@grpc/grpc-js';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';

/** Calls that this side has ended: by cancelling, by a deadline, by a message that cannot be taken. */
const cut = new WeakSet<PrivateClientCall>();

/**
 * The end of a call that its server, or the loss of its connection, has brought about waits until the messages received
 * before it have been read; and it is the first such end that counts.
 *
 * Wrong: grpc-js tells of any status but OK at once, and drops what it has received and not yet handed up (a reader slower than
 * the sender got 17 of 100 messages). Of OK it waits, but for the 'end' of a stream that has none when it is reset behind its
 * trailers (a hang), and a connection lost meanwhile makes UNAVAILABLE of it. Upstream:
 * https://github.com/grpc/grpc-node/issues/2764
 * Mended: all such ends are held back by the same rule, and what lies in a destroyed stream is taken out of it. A call that is
 * cut from this side ends at once, as ever.
 * Not needed any more when spec/grpc-js/status-waits.spec.ts passes without it.
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

/** Node emits nothing of a stream that has been destroyed, but what it has received is still there. */
function takeRest(call: PrivateClientCall): void {
  const { http2Stream } = call;
  const takers = http2Stream.listeners('data');
  http2Stream.removeAllListeners('data');
  // Since Node 26 one read() gives one chunk and not all that is buffered (https://github.com/nodejs/node/pull/60441).
  for (let chunk = http2Stream.read(); chunk !== null; chunk = http2Stream.read()) {
    for (const take of takers) take.call(http2Stream, chunk);
  }
  call.readsClosed = true;
}
