import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateSubchannel } from './private.ts';

/**
 * A call that finds its connection gone begins on another one.
 *
 * Wrong: between Node's giving up a connection and its 'close', grpc-js still begins calls on it, and relies on `request()` of a
 * closed HTTP/2 session to throw: then it drops the session and looks for another one, unseen. Since 24.18 Node does not throw:
 * the stream that it gives fails a moment later, and the call is INTERNAL ("The session has been destroyed"), as are all that
 * begin until the socket is closed. Whoever repeats a call as soon as its connection breaks is in there. Upstream: none found
 * for grpc-node, which counts on the throw since https://github.com/grpc/grpc-node/pull/2063; the change of Node is
 * https://github.com/nodejs/node/pull/63414
 * Mended: it throws, as older Nodes did, and as grpc-js has it then.
 * Not needed any more when spec/grpc-js/begins-elsewhere.spec.ts passes without it on Node 24.18 and later.
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
    // The class of a transport is not exported, so that its shape is checked here.
    const canDisconnect = transport?.session !== undefined && typeof transport.handleDisconnect === 'function';
    if (canDisconnect && isAdjusted({ transport }) && (transport.session.closed || transport.session.destroyed)) {
      transport.handleDisconnect!();
      throw new Error('the connection is gone');
    }
    return createCall.apply(this, args);
  };
}
