import type { ChannelOptions } from '@grpc/grpc-js';
import { isSwitchedOff } from './adjusted.ts';
import { Joined } from './joined.ts';
import { findPrivateParts, type PrivateParts, type PrivateServerCall } from './private.ts';

let isFitting: boolean | undefined;

/**
 * Whether a channel or a server with these options can send several messages in one write. It cannot with a limit on
 * the message size or with channelz, because both apply to single messages. Nor can it where grpc-js frames a {@link
 * Joined} in an unexpected way. Callers must not join compressed messages.
 */
export function mayJoin(options: ChannelOptions, find: () => PrivateParts | undefined = findPrivateParts): boolean {
  isFitting ??= !isSwitchedOff() && framesJoined(find());
  return isFitting && (options['grpc.max_send_message_length'] ?? -1) === -1 && options['grpc.enable_channelz'] === 0;
}

/** Lets both sides of grpc-js frame two joined messages, and compares the bytes. */
function framesJoined(parts: PrivateParts | undefined): boolean {
  if (parts === undefined) return false;
  const { serverCall, compressionFilter } = parts;
  const joined = (): Joined => {
    const messages = new Joined();
    messages.push(Buffer.of(1));
    messages.push(Buffer.of(2, 3));
    return messages;
  };
  const expected = Buffer.of(0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 3);
  try {
    const ofServer = serverCall.serializeMessage.call(
      { handler: { serialize: (message: Buffer) => message } } as unknown as PrivateServerCall,
      joined(),
    );
    let ofClient: Buffer | undefined;
    const probe = joined();
    const copy = probe.copy.bind(probe);
    probe.copy = (target, start) => copy((ofClient = target), start);
    const { sendCompression } = new compressionFilter({}, {});
    // writeMessage completes an uncompressed frame before it returns its promise.
    sendCompression.writeMessage(probe as unknown as Buffer, false).catch(() => {});
    return expected.equals(ofServer) && ofClient !== undefined && expected.equals(ofClient);
  } catch {
    return false;
  }
}
