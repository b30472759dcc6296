import type { Metadata } from '@grpc/grpc-js';
import { Code } from '../core/status.ts';
import { ADJUSTED } from './adjusted.ts';
import { ofClient, withOption } from './message-size.ts';
import type { Patch } from './patch.ts';
import type { Decompress, PrivateCompressionFilter, PrivateFilterFactory } from './private-channel.ts';

/**
 * Ends a call with a status that says why a response cannot be decompressed.
 *
 * Problem: when a response is compressed and its headers name no compression, or one that grpc-js does not know,
 * grpc-js ends the call with a status that has neither a code nor a text. Upstream: none found.
 * Fix: the call ends with INTERNAL (https://github.com/grpc/grpc/blob/master/doc/compression.md, "Test cases"), and the
 * error names the compression. The error for a response that is too large after decompression names the option that
 * raises the limit.
 * Remove it when spec/grpc-js/response-encoding.spec.ts passes without it.
 */
export const responseEncoding: Patch = {
  name: 'response-encoding',
  without: 'an error does not say which compression of a response this client does not know',
  shape: {
    compressionFilter: { methods: { receiveMetadata: 1 }, properties: ['receiveCompression'] },
    compressionFilterFactory: { methods: { createFilter: 0 }, properties: ['options', 'sharedFilterConfig'] },
  },
  apply: ({ compressionFilter, compressionFilterFactory }) => tellWhy(compressionFilterFactory, compressionFilter),
};

function tellWhy(proto: PrivateFilterFactory, filter: PrivateCompressionFilter): void {
  const { createFilter } = proto;

  class Telling extends filter {
    override receiveMetadata(metadata: Metadata): Metadata {
      const [encoding] = metadata.get('grpc-encoding'); // read before super.receiveMetadata removes it
      const received = super.receiveMetadata(metadata);
      const { receiveCompression } = this;
      if (typeof receiveCompression?.decompressMessage === 'function') {
        receiveCompression.decompressMessage = telling(receiveCompression.decompressMessage, encoding);
      }
      return received;
    }
  }

  proto.createFilter = function (this: PrivateFilterFactory): object {
    if (this.options[ADJUSTED] !== 1) return createFilter.call(this);
    return new Telling(this.options, this.sharedFilterConfig);
  };
}

function telling(decompress: Decompress, encoding: string | Buffer | undefined): Decompress {
  if (encoding === undefined) return refuseUnnamed;
  if (encoding === 'gzip' || encoding === 'deflate') {
    return function (this: unknown, message) {
      return decompress.call(this, message).catch(status => {
        throw withOption(status, ofClient);
      });
    };
  }
  const name = `grpc-encoding is ${JSON.stringify(String(encoding))}`;
  return refuse(
    encoding === 'identity'
      ? `a response is compressed, but its ${name}`
      : `a response is compressed and its ${name}, which is none of gzip, deflate and identity`,
  );
}

function refuse(details: string): Decompress {
  return () => Promise.reject({ code: Code.INTERNAL as number, details });
}

const refuseUnnamed = refuse('a response is compressed, but no grpc-encoding says how');
