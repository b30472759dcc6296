import type { ServerHttp2Stream } from 'node:http2';
import { isAdjusted } from './adjusted.ts';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall, PrivateServerCall } from './private.ts';

/**
 * Ends a stream that its peer has ended, whatever this side still has to write or to read.
 *
 * Problem: grpc-js waits for the 'close' event of the HTTP/2 stream, and the call hangs when the event does not come.
 * (1) On a client, it does not come when the response ends without a status while requests are still open. (2) On
 * either side, it does not come when the peer resets with NO_ERROR while a write is pending or a message is unread,
 * because Node waits for these. Proxies reset streams this way (https://github.com/envoyproxy/envoy/issues/13349). (3)
 * It does not come after a status when the server accepts no more requests, and the stream is leaked.
 * Upstream: none found for grpc-node; for (2) compare https://github.com/nodejs/node/issues/58252
 * Fix: the HTTP/2 stream is destroyed, and emits 'close'.
 * Remove it when spec/grpc-js/ends-heard.spec.ts passes without it.
 */
export const endsHeardByClient: Patch = {
  name: 'ends-heard (client)',
  without: 'a call that is busy may hang when its response ends without a status, or with a reset',
  shape: {
    clientCall: {
      methods: { maybeOutputStatus: 0, outputStatus: 0 },
      properties: ['http2Stream', 'finalStatus', 'readsClosed', 'serverEndedCall', 'transport'],
    },
  },
  apply: ({ clientCall }) => destroyEndedStreams(clientCall),
};

/** See {@link endsHeardByClient}. */
export const endsHeardByServer: Patch = {
  name: 'ends-heard (server)',
  without: 'a handler that is busy may never learn that its client has reset the call',
  shape: {
    serverCall: { methods: { start: 1 }, properties: ['stream', 'handler', 'deserialize'] },
  },
  apply: ({ serverCall }) => destroyAbortedStreams(serverCall),
};

function destroyEndedStreams(proto: PrivateClientCall): void {
  const { maybeOutputStatus, outputStatus } = proto;

  proto.maybeOutputStatus = function (this: PrivateClientCall): void {
    if (this.readsClosed && this.finalStatus === null && isAdjusted(this)) this.http2Stream.destroy();
    maybeOutputStatus.call(this);
  };

  proto.outputStatus = function (this: PrivateClientCall): void {
    outputStatus.call(this);
    if (this.serverEndedCall && this.http2Stream.writableLength > 0 && isAdjusted(this)) this.http2Stream.destroy();
  };
}

function destroyAbortedStreams(proto: PrivateServerCall): void {
  const { start } = proto;
  proto.start = function (this: PrivateServerCall, listener: object): void {
    if (isOurs(this.handler)) this.stream.on('aborted', destroy);
    start.call(this, listener);
  };
}

function destroy(this: ServerHttp2Stream): void {
  this.destroy();
}
