import { types } from 'node:util';
import type protobuf from 'protobufjs';
import { checkKeys } from './check-keys.ts';
import { maxDepth } from './decode.ts';
import { encodeFields } from './encode.ts';
import type { FieldCodec, MessageCodec, Step } from './field-codec.ts';
import { FieldError, within } from './field-error.ts';
import { isRecord } from './is-record.ts';
import { parseMapKey } from './map-key.ts';
import { wireType } from './wire-type.ts';
import { writeScalar } from './write-scalar.ts';

type Writer = protobuf.Writer;

/**
 * Encodes an object, whose fields may be absent or undefined. Rejects a property that is not a field, unless its value
 * is undefined.
 *
 * @throws TypeError `pkg.Message.items[2].price: expected a number, got string "x"`, when a value does not fit.
 */
export function encodeMessage(codec: MessageCodec, writer: Writer, value: unknown): void {
  encodeFields(codec.typeName, (w, message, depth) => writeMessage(codec, w, message, depth), writer, value);
}

function writeMessage(codec: MessageCodec, writer: Writer, value: unknown, depth: number): void {
  if (!isRecord(value)) throw new FieldError('an object', value);
  if (depth > maxDepth) throw new FieldError(`at most ${maxDepth} nested messages`, value);
  let key = '';
  try {
    for (const step of codec.steps) {
      key = step.key;
      const given = step.inherited && !Object.hasOwn(value, key) ? undefined : value[key];
      if (given !== undefined) {
        if (step.members === undefined) writeField(step.field, writer, given, depth);
        else writeMember(step, writer, given, depth);
      } else if (step.members !== undefined) refuseLooseMember(step, value);
      else if (step.field.required) throw new FieldError('a value, as the field is required', undefined);
    }
  } catch (error) {
    throw within(`.${key}`, error);
  }
  checkKeys(value, codec.keys, codec.typeName);
}

function writeField(field: FieldCodec, writer: Writer, value: unknown, depth: number): void {
  if (field.shape === 'repeated') writeRepeated(field, writer, value, depth);
  else if (field.shape === 'map') writeMap(field, writer, value, depth);
  else if (field.implicit === undefined || !isZero(field, value)) writeValue(field, writer, value, depth);
}

function writeValue(field: FieldCodec, writer: Writer, value: unknown, depth: number): void {
  writer.uint32(field.tag);
  if (field.message === undefined) field.write(writer, value);
  else if (field.wire === wireType.startGroup) {
    writeMessage(field.message, writer, value, depth + 1);
    writer.uint32(field.tag + 1); // the end tag of the group: wire type 4 instead of 3
  } else {
    writer.fork();
    writeMessage(field.message, writer, value, depth + 1);
    writer.ldelim();
  }
}

function writeMember(step: Step, writer: Writer, union: unknown, depth: number): void {
  if (!isRecord(union)) throw new FieldError('undefined or an object with case and value', union);
  const name = union['case'];
  const field = step.members!.get(name);
  if (field) {
    try {
      writeValue(field, writer, union['value'], depth);
    } catch (error) {
      throw within('.value', error);
    }
  } else if (!step.cases.includes(name as string)) {
    const cases = step.cases.map(each => `'${each}'`).join(', ');
    throw within('.case', new FieldError(`one of ${cases}`, name));
  }
}

/**
 * Rejects a member of a oneof that stands beside the other fields, as in other libraries. It would be dropped silently.
 */
function refuseLooseMember({ cases }: Step, value: Record<string, unknown>): void {
  for (const name of cases) {
    if (Object.hasOwn(value, name) && value[name] !== undefined) {
      throw new FieldError(`{ case: '${name}', value: ... } here, as '${name}' is in a oneof`, value[name]);
    }
  }
}

function writeRepeated(field: FieldCodec, writer: Writer, value: unknown, depth: number): void {
  if (!Array.isArray(value)) throw new FieldError('an array', value);
  if (value.length === 0) return;
  let index = 0;
  try {
    if (!field.writePacked) for (; index < value.length; index++) writeValue(field, writer, value[index], depth);
    else {
      writer.uint32(((field.number << 3) | wireType.delimited) >>> 0).fork();
      for (; index < value.length; index++) field.write(writer, value[index]);
      writer.ldelim();
    }
  } catch (error) {
    throw within(`[${index}]`, error);
  }
}

function writeMap(field: FieldCodec, writer: Writer, value: unknown, depth: number): void {
  if (!isRecord(value)) throw new FieldError('an object', value);
  const entry = field.entry!;
  for (const name of Object.keys(value)) {
    try {
      writer.uint32(field.tag).fork().uint32(entry.key.tag);
      entry.key.write(writer, parseMapKey(entry.keyType, name));
      writeValue(entry.value, writer, value[name], depth);
      writer.ldelim();
    } catch (error) {
      throw within(`[${JSON.stringify(name)}]`, error);
    }
  }
}

// -0 of a float or double is not the default. For bytes, the default is an empty array; a 64-bit integer may be the
// number 0.
function isZero({ implicit, write }: FieldCodec, value: unknown): boolean {
  if (value === implicit) return Object.is(value, -0) ? !signed.has(write) : true;
  if (implicit === 0n) return value === 0;
  return typeof implicit === 'object' && types.isUint8Array(value) && value.length === 0;
}

const signed: ReadonlySet<unknown> = new Set([writeScalar['double'], writeScalar['float']]);
