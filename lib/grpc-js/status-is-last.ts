import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServerCall } from './private.ts';

/**
 * A response that comes behind the status of its call goes nowhere.
 *
 * Wrong: at the deadline grpc-js ends the HTTP/2 stream by itself. When a client that had stopped reading goes on, grpc-js writes
 * the responses that its own stream for the handler still holds: an error ('write after end') that destroys the HTTP/2 stream with
 * the status in it, and the client hears nothing. That concerns services of ours on a server of grpc-js; serve() has no such stream.
 * Upstream: none found.
 * Mended: such a response is dropped. The status before it says that the call has failed.
 * Not needed any more when spec/grpc-js/status-is-last.spec.ts passes without it.
 */
export const statusIsLast: Patch = {
  name: 'status-is-last',
  without: 'a client that stops reading before the deadline may never be told of it (a service on a server of grpc-js)',
  shape: {
    serverCall: { methods: { sendMessage: 2 }, properties: ['wantTrailers', 'handler', 'deserialize'] },
  },
  apply: ({ serverCall }) => dropLateResponses(serverCall),
};

function dropLateResponses(proto: PrivateServerCall): void {
  const { sendMessage } = proto;
  proto.sendMessage = function (this: PrivateServerCall, message: unknown, callback: () => void): void {
    if (this.wantTrailers && isOurs(this.handler)) return;
    sendMessage.call(this, message, callback);
  };
}
