import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';

/**
 * A request that is sent when the server has ended the call goes nowhere, and harms nothing.
 *
 * Wrong: while responses are still unread, grpc-js writes to the HTTP/2 stream behind the server's trailers. Where a reset with
 * NO_ERROR came with them, as RFC 9113 (section 8.1) has it, Node has ended the stream's writable side: the write is an error
 * ('write after end') that destroys the stream, and the responses and the status in it are lost. Upstream: none found.
 * Mended: such a message is taken for sent.
 * Not needed any more when spec/grpc-js/writes-end.spec.ts passes without it.
 */
export const writesEnd: Patch = {
  name: 'writes-end',
  without: "a request sent behind the server's end may be a hang",
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
