import { constants, type ServerHttp2Stream } from 'node:http2';
import { isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServer, PrivateServerCall } from './private.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE } = constants;

/**
 * Resets the stream with NO_ERROR when the status comes before the end of the requests, as in RFC 9113, 8.1.
 *
 * Problem: grpc-js leaves the stream open until the client half-closes it. A client that stops only at a reset
 * continues its upload, and proxies hold the stream or the status until the upload ends. Upstream: none found.
 * Fix: the stream is reset one turn after the trailers, when they are on the wire.
 * Remove it when spec/grpc-js/reset-behind-status.spec.ts passes without it.
 */
export const resetBehindStatus: Patch = {
  name: 'reset-behind-status',
  without: 'a client may go on sending requests after its call has ended',
  shape: {
    serverCall: {
      methods: { notifyOnCancel: 0 },
      properties: ['stream', 'receivedHalfClose', 'handler', 'deserialize'],
    },
  },
  apply: ({ serverCall }) => resetUnendedCalls(serverCall),
};

/**
 * Does the same as {@link resetBehindStatus} for calls that grpc-js refuses, on a server with a service of this
 * library.
 */
export const resetBehindRefusal: Patch = {
  name: 'reset-behind-status (refused calls)',
  without: 'a client may go on sending the requests of a call to an unknown method',
  shape: {
    server: {
      methods: { _verifyContentType: 2, _respondWithError: 3 },
      properties: ['handlers'],
    },
  },
  apply: ({ server }) => resetRefusedCalls(server),
};

function resetUnendedCalls(proto: PrivateServerCall): void {
  const { notifyOnCancel } = proto;
  proto.notifyOnCancel = function (this: PrivateServerCall): void {
    notifyOnCancel.call(this);
    if (!this.receivedHalfClose && hasSentStatus(this.stream) && isOurs(this.handler)) resetSoon(this.stream);
  };
}

function resetRefusedCalls(proto: PrivateServer): void {
  const { _verifyContentType, _respondWithError } = proto;

  proto._verifyContentType = function (this: PrivateServer, stream, headers): boolean {
    const isFitting = _verifyContentType.call(this, stream, headers);
    if (!isFitting && servesOurs(this)) resetSoon(stream);
    return isFitting;
  };

  proto._respondWithError = function (this: PrivateServer, error, stream, channelzSession): void {
    _respondWithError.call(this, error, stream, channelzSession);
    if (servesOurs(this)) resetSoon(stream);
  };
}

function servesOurs({ handlers }: PrivateServer): boolean {
  for (const handler of handlers.values()) if (isOurs(handler)) return true;
  return false;
}

/** Resets a stream one turn later, when nghttp2 has received everything that was sent before. */
function resetSoon(stream: ServerHttp2Stream): void {
  setImmediate(() => {
    if (stream.closed || stream.destroyed || hasEnded(stream)) return;
    stream.resume(); // Node does not report the end of a stream that nothing reads
    stream.close(NGHTTP2_NO_ERROR);
  });
}

/**
 * Whether the status was sent, in the trailers or in a response of headers only. A status that waits for earlier
 * messages was not.
 */
function hasSentStatus({ sentTrailers, sentHeaders }: ServerHttp2Stream): boolean {
  return sentTrailers !== undefined || sentHeaders?.['grpc-status'] !== undefined;
}

/** Whether the client has half-closed the stream, even if nothing has read that yet. */
function hasEnded(stream: ServerHttp2Stream): boolean {
  return stream.readableEnded || stream.state.state === NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE;
}
