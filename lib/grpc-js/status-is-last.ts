import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServerCall } from './private.ts';

/**
 * Drops a response that comes after the status of its call.
 *
 * Problem: at the deadline, grpc-js ends the HTTP/2 stream by itself. When a client that had stopped reading continues,
 * grpc-js writes the responses that it still buffers in the handler's stream. The error ('write after end') destroys
 * the HTTP/2 stream together with the status, and the client receives nothing. This concerns services of this library
 * on a grpc-js server; serve() has no such stream. Upstream: none found.
 * Fix: such a response is dropped. The status before it already says that the call has failed.
 * Remove it when spec/grpc-js/status-is-last.spec.ts passes without it.
 */
export const statusIsLast: Patch = {
  name: 'status-is-last',
  without:
    'a client that stops reading before the deadline may never receive the status (a service on a server of grpc-js)',
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
