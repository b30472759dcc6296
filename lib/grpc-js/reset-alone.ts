import { addAbortSignal } from 'node:stream';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';

const aborted = AbortSignal.abort();

/**
 * Resets a cancelled call without ending its requests first.
 *
 * Problem: grpc-js ends a cancelled call with Node's `http2stream.close()`, which ends the writable side first. An idle
 * upload sends DATA(END_STREAM) before its RST_STREAM(CANCEL), and a server that handles the first frame before the
 * second takes the upload for complete. Upstream: none found for grpc-node; the order is Node's (`closeStream` in
 * lib/internal/http2/core.js).
 * Fix: the HTTP/2 stream is destroyed with Node's own AbortError, for which Node sends only RST_STREAM(CANCEL).
 * Remove it when spec/grpc-js/reset-alone.spec.ts passes without it.
 */
export const resetAlone: Patch = {
  name: 'reset-alone',
  without: 'a server of another gRPC implementation may take a cancelled upload for a complete one',
  shape: {
    clientCall: { methods: { destroyHttp2Stream: 0 }, properties: ['http2Stream', 'serverEndedCall', 'transport'] },
  },
  apply: ({ clientCall }) => resetCancelledCalls(clientCall),
};

function resetCancelledCalls(proto: PrivateClientCall): void {
  const { destroyHttp2Stream } = proto;
  proto.destroyHttp2Stream = function (this: PrivateClientCall): void {
    if (this.serverEndedCall || !isAdjusted(this)) destroyHttp2Stream.call(this);
    else addAbortSignal(aborted, this.http2Stream);
  };
}
