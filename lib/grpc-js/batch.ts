import type { ChannelOptions, Metadata, MetadataOptions } from '@grpc/grpc-js';
import { ADJUSTED, isSwitchedOff } from './adjusted.ts';
import { Batch, BatchDecoder } from './batch-decoder.ts';
import { findMisfit, type Patch } from './patch.ts';
import {
  findPrivateParts,
  type PrivateClientCall,
  type PrivateDecoder,
  type PrivateParts,
  type PrivateServerCall,
} from './private.ts';

/**
 * Metadata option by which a call requests batches.
 *
 * The option never leaves this process, and every layer of grpc-js passes it on. Its value creates the decoder, so that
 * a call gets batches of its own copy of this library, whichever copy applied the patch.
 */
const DECODER = 'rx-grpc.decoder';

/**
 * Passes small messages that arrive together on as one {@link Batch}.
 *
 * Problem: grpc-js spends a tick and several promises on each received message, even where several lie in one chunk of
 * data. Upstream: none found.
 * Fix: the decoder of a call yields one object for all messages of a chunk, which grpc-js handles like a message. Calls
 * that did not request batches ({@link askForBatches}) keep grpc-js's decoder.
 */
export const batchedResponses: Patch = {
  name: 'batched-responses',
  without: 'streams of small messages are slower to receive',
  shape: {
    subchannel: { methods: { createCall: 'any' }, properties: ['transport'] },
    clientCall: { properties: ['decoder'] },
  },
  apply: ({ subchannel }) => {
    const { createCall } = subchannel;
    subchannel.createCall = function (...args) {
      const call = createCall.apply(this, args) as PrivateClientCall;
      const [metadata] = args as [Metadata];
      const newDecoder: unknown = Reflect.get(metadata.getOptions(), DECODER);
      if (typeof newDecoder === 'function') useDecoder(call, newDecoder as NewDecoder);
      return call;
    };
  },
};

/** Requests batches for the responses of a call, whose listener must accept them. */
export function askForBatches(metadata: Metadata): void {
  metadata.setOptions({ ...metadata.getOptions(), [DECODER]: newBatchDecoder } as MetadataOptions);
}

/**
 * Requests batches for the requests of a server's call. The call must be the transport's own, and its listener must
 * accept batches.
 */
export function batchRequests(call: object): void {
  useDecoder(call as PrivateServerCall, newBatchDecoder);
}

type NewDecoder = (maxReadMessageLength: number) => PrivateDecoder;

const newBatchDecoder: NewDecoder = maxReadMessageLength => new BatchDecoder(maxReadMessageLength);

function useDecoder(call: Pick<PrivateClientCall, 'decoder'>, newDecoder: NewDecoder): void {
  const { maxReadMessageLength, readState } = call.decoder;
  if (typeof maxReadMessageLength === 'number' && readState === 0) call.decoder = newDecoder(maxReadMessageLength);
}

let isFitting: boolean | undefined;

/**
 * Whether a channel or a server with these options can pass batches on. It cannot with channelz, whose counters count
 * messages, or for `xds:` targets, whose filters see the messages. Nor can it where grpc-js handles a {@link Batch} in
 * an unexpected way.
 */
export function mayBatch(
  options: ChannelOptions,
  target = '',
  find: () => PrivateParts | undefined = findPrivateParts,
): boolean {
  isFitting ??= !isSwitchedOff() && passesForMessage(find());
  const isPatched = (options[ADJUSTED] ?? 1) === 1;
  return isFitting && isPatched && options['grpc.enable_channelz'] === 0 && !target.startsWith('xds:');
}

/** Lets both sides of grpc-js remove the prefix of a batch, and checks how they do it. */
function passesForMessage(parts: PrivateParts | undefined): boolean {
  if (parts === undefined || findMisfit(parts, serverShape) !== undefined) return false;
  const { serverCall, compressionFilter } = parts;
  const used: unknown[] = [];
  const probe = Object.assign(new Batch(Buffer.alloc(5), 0, 5, 1), {
    readUInt8: (at: number) => {
      used.push('readUInt8', at);
      return 0;
    },
    slice: (start: number) => {
      used.push('slice', start);
      return probe;
    },
  });
  try {
    const call = { handler: { deserialize: () => {} } } as unknown as PrivateServerCall;
    const ofServer = serverCall.decompressMessage.call(call, probe as unknown as Buffer, 'identity');
    const { receiveCompression } = new compressionFilter({}, {});
    receiveCompression.readMessage(probe as unknown as Buffer).catch(() => {});
    return Object.is(ofServer, probe) && String(used) === 'readUInt8,0,slice,5';
  } catch {
    return false;
  }
}

const serverShape: Patch['shape'] = {
  serverCall: {
    methods: { handleDataFrame: 1, decompressAndMaybePush: 1, decompressMessage: 2 },
    properties: ['decoder', 'readQueue', 'readUInt8', 'deserialize'],
  },
};
