import type protobuf from 'protobufjs';
import { decode, decodeFrom, deeper, enter, nextTag, noTag, type Read } from './decode.ts';
import type { FieldCodec, MessageCodec } from './field-codec.ts';
import { setEntry } from './read-message.ts';
import { decodeReceived } from './received.ts';
import { wireType } from './wire-type.ts';

type Reader = protobuf.Reader;
type Message = Record<string, unknown>;

/**
 * Decodes a message into a plain object with every field present.
 *
 * @throws Error `malformed pkg.Message: at byte 12: why`, when the bytes are not a message.
 */
export function decodeMessage(codec: MessageCodec, bytes: Uint8Array): object {
  return decode<Message>(codec.typeName, readerOf(codec), bytes);
}

/** Decodes a message whose bytes the transport does not reuse, so that fields may be views of them. */
export function decodeReceivedMessage(codec: MessageCodec, bytes: Uint8Array): object {
  return decodeReceived<Message>(codec.typeName, readerOf(codec), bytes);
}

/** Decodes one message of a larger buffer, from the reader's position to the reader's end. */
export function decodeMessageFrom(codec: MessageCodec, reader: Reader): object {
  return decodeFrom<Message>(codec.typeName, readerOf(codec), reader);
}

function readerOf(codec: MessageCodec): Read<Message> {
  return (reader, depth, end) => readMessage(codec, reader, depth, end, undefined);
}

/** Reads a length-prefixed message, or a group up to its end tag, and merges it into an earlier one. */
function readNested(field: FieldCodec, reader: Reader, depth: number, into: unknown): Message {
  const codec = field.message!;
  const inner = deeper(depth);
  if (field.wire === wireType.startGroup) {
    return readMessage(codec, reader, inner, ((field.number << 3) | wireType.endGroup) >>> 0, into as Message);
  }
  const outerEnd = enter(reader);
  const message = readMessage(codec, reader, inner, noTag, into as Message | undefined);
  reader.len = outerEnd;
  return message;
}

/** A message with every field at its default. */
function emptyMessage(codec: MessageCodec): Message {
  const message = codec.copy(codec.template);
  for (const { key, make } of codec.fresh) message[key] = make();
  return message;
}

function readMessage(
  codec: MessageCodec,
  reader: Reader,
  depth: number,
  end: number,
  into: Message | undefined,
): Message {
  const message = into ?? emptyMessage(codec);
  const { fields } = codec;
  for (;;) {
    const tag = nextTag(reader, end);
    if (tag === end) break;
    const wire = tag & 7;
    const field = fields[tag >>> 3];
    if (field === undefined) reader.skipType(wire, depth, tag >>> 3);
    else if (wire === field.wire) readField(field, message, reader, depth);
    else if (wire === wireType.delimited && field.packable) readPacked(field, message[field.key] as unknown[], reader);
    else reader.skipType(wire, depth, tag >>> 3);
  }
  for (const field of codec.required) {
    if (message[field.key] === undefined)
      throw new Error(`the required field ${codec.typeName}.${field.key} is missing`);
  }
  return message;
}

function readField(field: FieldCodec, message: Message, reader: Reader, depth: number): void {
  const { key, shape } = field;
  if (shape === 'map') {
    readEntry(field, message[key] as Message, reader, depth);
    return;
  }
  let earlier: unknown;
  if (field.message) {
    if (shape === 'singular') earlier = message[key];
    else if (shape === 'member') earlier = valueOfCase(message[field.oneof], key);
  }
  const value = field.message ? readNested(field, reader, depth, earlier) : field.read(reader);
  if (field.closed !== undefined && !field.closed.has(value)) return;
  if (shape === 'singular') message[key] = value;
  else if (shape === 'repeated') (message[key] as unknown[]).push(value);
  else message[field.oneof] = { case: key, value };
}

function valueOfCase(union: unknown, name: string): unknown {
  const member = union as { case: string; value: unknown } | undefined;
  return member?.case === name ? member.value : undefined;
}

function readPacked(field: FieldCodec, values: unknown[], reader: Reader): void {
  if (field.readPacked) {
    field.readPacked(reader, values);
    return;
  }
  const outerEnd = enter(reader);
  while (reader.pos < reader.len) {
    const value = field.read(reader);
    if (field.closed === undefined || field.closed.has(value)) values.push(value);
  }
  reader.len = outerEnd;
}

function readEntry(field: FieldCodec, map: Message, reader: Reader, depth: number): void {
  const { key, value, codec } = field.entry!;
  const entry: Message = { key: key.implicit, value: value.implicit };
  const outerEnd = enter(reader);
  readMessage(codec, reader, depth, noTag, entry);
  // An entry without a value has an empty message as its value.
  if (field.message) entry['value'] ??= readMessage(field.message, reader, depth, noTag, undefined);
  reader.len = outerEnd;
  if (field.closed !== undefined && !field.closed.has(entry['value'])) return;
  setEntry(map, String(entry['key']), entry['value']);
}
