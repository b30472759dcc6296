import { Code } from '../code.ts';
import { isAdjusted } from './adjusted.ts';
import type { PrivateClientCall } from './private.ts';

/** Calls whose trailers have come with an error, which waits for the messages before it. */
const waiting = new WeakSet<PrivateClientCall>();

/**
 * A status other than OK waits, as OK does, until the messages received before it have been read.
 *
 * Wrong: grpc-js tells of such a status at once, and drops what it has received and not yet handed up (a reader slower than the
 * sender got 4 of 100 messages). Upstream: https://github.com/grpc/grpc-node/issues/2764
 * Mended: a status that came in trailers is held back by the same rule as OK; cancelling, by deadline or by hand, ends the wait.
 * Not needed any more when spec/grpc-js/status-waits.spec.ts passes without it.
 */
export function statusWaits(proto: PrivateClientCall): void {
  const { handleTrailers, maybeOutputStatus, startRead, cancelWithStatus } = proto;

  proto.handleTrailers = function (this: PrivateClientCall, headers: object): void {
    if (this.finalStatus === null && isAdjusted(this)) {
      waiting.add(this);
      // A reset right behind the trailers leaves no 'end'.
      this.http2Stream.once('close', () => {
        this.readsClosed = true;
        process.nextTick(() => this.maybeOutputStatus());
      });
    }
    handleTrailers.call(this, headers);
  };

  proto.maybeOutputStatus = function (this: PrivateClientCall): void {
    if (!waiting.has(this) || isAllRead(this)) maybeOutputStatus.call(this);
  };

  proto.startRead = function (this: PrivateClientCall): void {
    if (!waiting.has(this) || this.finalStatus === null || this.finalStatus.code === Code.OK) {
      startRead.call(this);
      return;
    }
    // As grpc-js reads on before an OK.
    this.canPush = true;
    const message = this.unpushedReadMessages.shift();
    if (message === undefined) this.http2Stream.resume();
    else this.push(message);
  };

  proto.cancelWithStatus = function (this: PrivateClientCall, code: number, details: string): void {
    if (waiting.delete(this) && !this.statusOutput) this.finalStatus = null;
    cancelWithStatus.call(this, code, details);
  };
}

function isAllRead({
  readsClosed,
  unpushedReadMessages,
  isPushPending,
  isReadFilterPending,
}: PrivateClientCall): boolean {
  return readsClosed && unpushedReadMessages.length === 0 && !isPushPending && !isReadFilterPending;
}
