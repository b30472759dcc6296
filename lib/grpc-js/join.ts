import type { ChannelOptions } from '@grpc/grpc-js';
import { isSwitchedOff } from './adjusted.ts';
import { findPrivateParts } from './private.ts';
import { isTested } from './tested.ts';

/** What stands before a message on the wire: whether it is compressed, and its length in four bytes. */
const PREFIX_BYTES = 5;

let isKnown: boolean | undefined;

/**
 * Whether several messages of a channel or a server with these options may be one write. Not where that would be told of
 * otherwise: the limit of a message's size, and the counters of channelz, are for single messages. Compressed messages cannot be
 * joined at all; of them the caller knows.
 */
export function mayJoin(options: ChannelOptions, find: typeof findPrivateParts = findPrivateParts): boolean {
  if (isKnown === undefined) {
    const parts = find();
    isKnown = !isSwitchedOff() && parts !== undefined && isTested(parts);
  }
  return isKnown && (options['grpc.max_send_message_length'] ?? -1) === -1 && options['grpc.enable_channelz'] === 0;
}

/**
 * Several messages as one that grpc-js writes. gRPC allows for it: a stream of messages, each behind its prefix, knows no writes.
 *
 * grpc-js makes a frame of a message by putting a prefix with its length before it, and has it copy itself behind that. This one
 * then writes each message with a prefix of its own, the first over that of the whole. It is on purpose no Buffer: a grpc-js that
 * did anything else with it would fail, where it would send something wrong of a Buffer. Hence {@link mayJoin}.
 */
export function join(messages: readonly Buffer[]): Buffer {
  return new Joined(messages) as unknown as Buffer;
}

/** As much of a Buffer as grpc-js uses of a message. */
class Joined {
  /** Without the first prefix, which grpc-js makes room for. */
  readonly length: number;
  readonly #messages: readonly Buffer[];

  constructor(messages: readonly Buffer[]) {
    let length = -PREFIX_BYTES;
    for (const { byteLength } of messages) length += PREFIX_BYTES + byteLength;
    this.length = length;
    this.#messages = messages;
  }

  get byteLength(): number {
    return this.length;
  }

  copy(target: Buffer, start: number): number {
    let at = start - PREFIX_BYTES;
    for (const message of this.#messages) {
      target[at] = 0;
      target.writeUInt32BE(message.byteLength, at + 1);
      target.set(message, at + PREFIX_BYTES);
      at += PREFIX_BYTES + message.byteLength;
    }
    return this.length;
  }
}
