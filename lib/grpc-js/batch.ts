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
 * The option of a call's Metadata that asks for batches. It stays in this process and passes through all layers of grpc-js. Its value
 * makes the decoder, so that a call gets batches of its own copy of this library, whichever copy has applied the patch.
 */
const DECODER = 'rx-grpc.decoder';

/**
 * Small messages that arrive together are handed up together, as a {@link Batch}.
 *
 * Wrong: grpc-js pays a tick and several promises for each received message, also for those that lie in one piece of data. Upstream:
 * none found.
 * Mended: the decoder of a call yields one object for all of them, which passes for a message. Calls that did not ask for it
 * ({@link askForBatches}) keep grpc-js's decoder.
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

/** Has the responses of a call come in batches. Its listener has to take them. */
export function askForBatches(metadata: Metadata): void {
  metadata.setOptions({ ...metadata.getOptions(), [DECODER]: newBatchDecoder } as MetadataOptions);
}

/** Has the requests of a server's call come in batches. It has to be next to the wire, and its listener to take them. */
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
 * Whether a channel or a server with these options can hand up batches. Not where the counters of channelz are on, which count
 * messages, nor for `xds:` targets, whose filters see them; and only where grpc-js treats a {@link Batch} as expected.
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

/** Has both sides of grpc-js take the prefix off a batch. */
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
