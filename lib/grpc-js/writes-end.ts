import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';

/**
 * Drops a request that is sent after the server has ended the call.
 *
 * Problem: while responses are unread, grpc-js writes to the HTTP/2 stream even after the server's trailers. If a reset
 * with NO_ERROR came with them, as in RFC 9113, 8.1, Node has ended the writable side of the stream. The write fails
 * ('write after end') and destroys the stream, and the responses and the status in it are lost. Upstream: none found.
 * Fix: such a request is acknowledged as if it had been sent.
 * Remove it when spec/grpc-js/writes-end.spec.ts passes without it.
 */
export const writesEnd: Patch = {
  name: 'writes-end',
  without: 'a call may hang when it sends a request after the server has ended it',
  shape: {
    clientCall: { methods: { sendMessageWithContext: 2 }, properties: ['serverEndedCall', 'transport'] },
  },
  apply: ({ clientCall }) => dropLateRequests(clientCall),
};

function dropLateRequests(proto: PrivateClientCall): void {
  const { sendMessageWithContext } = proto;
  proto.sendMessageWithContext = function (this: PrivateClientCall, context, message): void {
    if (this.serverEndedCall && isAdjusted(this)) process.nextTick(() => context.callback?.());
    else sendMessageWithContext.call(this, context, message);
  };
}
