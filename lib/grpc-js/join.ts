import type { ChannelOptions } from '@grpc/grpc-js';
import { isSwitchedOff } from './adjusted.ts';
import { findPrivateParts, type PrivateParts, type PrivateServerCall } from './private.ts';

/** What stands before a message on the wire: whether it is compressed, and its length in four bytes. */
const PREFIX_BYTES = 5;

let isFitting: boolean | undefined;

/**
 * Whether several messages of a channel or a server with these options may be one write. Not with a limit for the size of a message
 * or with the counters of channelz, which are for single messages, and not where grpc-js does not frame a {@link Joined} as
 * expected. Compressed messages cannot be joined at all; their callers know.
 */
export function mayJoin(options: ChannelOptions, find: () => PrivateParts | undefined = findPrivateParts): boolean {
  isFitting ??= !isSwitchedOff() && framesJoined(find());
  return isFitting && (options['grpc.max_send_message_length'] ?? -1) === -1 && options['grpc.enable_channelz'] === 0;
}

/** Has both sides of grpc-js frame two messages at once, and compares the bytes. */
function framesJoined(parts: PrivateParts | undefined): boolean {
  if (parts === undefined) return false;
  const { serverCall, compressionFilter } = parts;
  const messages = [Buffer.of(1), Buffer.of(2, 3)];
  const expected = Buffer.of(0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 3);
  try {
    const ofServer = serverCall.serializeMessage.call(
      { handler: { serialize: (message: Buffer) => message } } as unknown as PrivateServerCall,
      join(messages),
    );
    let ofClient: Buffer | undefined;
    const probe = join(messages) as unknown as Joined;
    const copy = probe.copy.bind(probe);
    probe.copy = (target, start) => copy((ofClient = target), start);
    const { sendCompression } = new compressionFilter({}, {});
    // Its promise is for the frame that is complete already: no part of an identity frame is awaited.
    sendCompression.writeMessage(probe as unknown as Buffer, false).catch(() => {});
    return expected.equals(ofServer) && ofClient !== undefined && expected.equals(ofClient);
  } catch {
    return false;
  }
}

/**
 * Several messages as one that grpc-js writes. gRPC allows for it: a stream of messages, each behind its prefix, knows no writes.
 *
 * grpc-js makes a frame of a message by putting a prefix with its length before it, and has it copy itself behind that. This one
 * then writes each message with a prefix of its own, the first over that of the whole. It is no Buffer on purpose: a grpc-js that
 * did anything else with it would fail, where it would send wrong bytes of a Buffer. {@link mayJoin} tries it once.
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
