import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import { isWholeTransport, type PrivateSubchannel, type WholeTransport } from './private.ts';

/** The last stream id that a client can use on a connection. Source: RFC 9113, 5.1.1. */
const LAST_STREAM_ID = 2 ** 31 - 1;

/**
 * Moves to a new connection after the call that takes the last stream id.
 *
 * Problem: stream ids are never reused, so a connection carries at most 2^30 calls. grpc-js keeps a connection whose
 * ids are used up, and each further call ends with INTERNAL ("No stream ID is available because maximum stream ID has
 * been reached"). At 1,000 calls a second, this happens after 12 days. Upstream: none found for grpc-node; RFC 9113,
 * 5.1.1, tells a client to open a new connection.
 * Fix: the connection is treated as after a GOAWAY from the server. No call starts on it, running calls end normally,
 * and it is closed after the last of them. Closing it at once would send GOAWAY before the HEADERS of the last call,
 * and the server would refuse that call.
 * Remove it when spec/grpc-js/leaves-in-time.spec.ts passes without it.
 */
export const leavesInTime: Patch = {
  name: 'leaves-in-time',
  without: 'a connection that has carried 2^30 calls ends each further one with INTERNAL',
  shape: { subchannel: { methods: { createCall: 'any' }, properties: ['transport'] } },
  apply: ({ subchannel }) => leaveBehindLastCall(subchannel),
};

function leaveBehindLastCall(proto: PrivateSubchannel): void {
  const { createCall } = proto;
  proto.createCall = function (this: PrivateSubchannel, ...args: unknown[]): unknown {
    const call = createCall.apply(this, args);
    if (streamIdOf(call) < LAST_STREAM_ID) return call;
    const { transport } = this;
    if (transport !== null && isWholeTransport(transport) && isAdjusted({ transport })) leave(transport);
    return call;
  };
}

/** The stream id of a call; 0 while the call waits for a place on the connection. */
function streamIdOf(call: unknown): number {
  return (call as { readonly http2Stream?: { readonly id?: number } }).http2Stream?.id ?? 0;
}

function leave(transport: WholeTransport): void {
  const { shutdown, removeActiveCall } = transport;
  transport.shutdown = () => {
    transport.removeActiveCall = call => {
      removeActiveCall.call(transport, call);
      if (transport.activeCalls.size === 0) shutdown.call(transport);
    };
  };
  transport.reportDisconnectToOwner(false);
}
