import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateSubchannel } from './private.ts';

/**
 * Starts a call on another connection when its own is gone.
 *
 * Problem: after Node has given a connection up and before its 'close' event, grpc-js still starts calls on the
 * connection. grpc-js relies on `request()` of a closed HTTP/2 session to throw: it then drops the session and picks
 * another one, and the caller notices nothing. Since 24.18, Node does not throw. The returned stream fails a moment
 * later, and the call ends with INTERNAL ("The session has been destroyed"), as does every call that starts before the
 * socket is closed. A caller that retries as soon as its connection breaks runs into this.
 * Upstream: none found for grpc-node, which relies on the throw since https://github.com/grpc/grpc-node/pull/2063; the
 * change in Node is https://github.com/nodejs/node/pull/63414
 * Fix: createCall drops the session and throws, as grpc-js does on older versions of Node.
 * Remove it when spec/grpc-js/begins-elsewhere.spec.ts passes without it on Node 24.18 and later.
 */
export const beginsElsewhere: Patch = {
  name: 'begins-elsewhere',
  without: 'from Node 24.18 on, a call that begins while its connection breaks ends with INTERNAL',
  shape: { subchannel: { methods: { createCall: 'any' }, properties: ['transport'] } },
  apply: ({ subchannel }) => refuseClosedSessions(subchannel),
};

function refuseClosedSessions(proto: PrivateSubchannel): void {
  const { createCall } = proto;
  proto.createCall = function (this: PrivateSubchannel, ...args: unknown[]): unknown {
    const { transport } = this;
    // grpc-js does not export the transport's class, so `shape` cannot cover these members.
    const canDisconnect = transport?.session !== undefined && typeof transport.handleDisconnect === 'function';
    if (canDisconnect && isAdjusted({ transport }) && (transport.session.closed || transport.session.destroyed)) {
      transport.handleDisconnect!();
      throw new Error('the connection is gone');
    }
    return createCall.apply(this, args);
  };
}
