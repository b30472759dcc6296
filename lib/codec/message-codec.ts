import type protobuf from 'protobufjs';
import { type Copy, nextCopy } from './copy.ts';
import { type FieldCodec, fieldCodec } from './field-codec.ts';
import { fullName, sharedKey, zero } from './reflection.ts';

/** All that reading and writing a message wants to know. */
export interface MessageCodec {
  readonly typeName: string;
  /** A message in which no field came: copied for each one decoded, so that all have the same shape. */
  readonly template: Record<string, unknown>;
  readonly copy: Copy;
  /** The fields whose value must not be shared between messages. */
  readonly fresh: Fresh[];
  /** By field number. */
  readonly fields: (FieldCodec | undefined)[];
  readonly required: FieldCodec[];
  /** The properties that a message may have. */
  readonly keys: string[];
  /** In the order of field numbers. */
  readonly steps: Step[];
}

interface Fresh {
  readonly key: string;
  readonly make: () => unknown;
}

/** What is written for one property of a message: a field, or those members of a oneof whose numbers lie together. */
export interface Step {
  readonly key: string;
  /** Plain objects inherit something of this name: `constructor`. */
  readonly inherited: boolean;
  readonly field: FieldCodec;
  readonly members: ReadonlyMap<unknown, FieldCodec> | undefined;
  /** Every case of the oneof. */
  readonly cases: readonly string[];
}

/** Makes the codecs of message types, each once. */
export function messageCodecs(): (type: protobuf.Type) => MessageCodec {
  const codecs = new Map<protobuf.Type, MessageCodec>();
  return function codecOf(type: protobuf.Type): MessageCodec {
    const known = codecs.get(type);
    if (known) return known;
    const typeName = fullName(type);
    const codec: MessageCodec = {
      typeName,
      template: {},
      copy: nextCopy(),
      fresh: [],
      fields: [],
      required: [],
      keys: [],
      steps: [],
    };
    codecs.set(type, codec); // before its fields, which may be of this very type
    // Extensions are fields of another declaration: what is received of them is skipped, as by an implementation without it.
    const declared = type.fieldsArray.filter(field => !field.declaringField);
    const twice = sharedKey(declared);
    if (twice !== undefined) throw new Error(`${typeName}: two of its fields would be called ${twice}`);
    for (const field of declared) {
      const compiled = fieldCodec(field, codecOf);
      codec.fields[compiled.number] = compiled;
      if (compiled.required) codec.required.push(compiled);
      addToTemplate(codec, field, compiled);
    }
    codec.keys.push(...Object.keys(codec.template));
    codec.steps.push(...steps(codec));
    return codec;
  };
}

function addToTemplate({ template, fresh }: MessageCodec, field: protobuf.Field, codec: FieldCodec): void {
  const { key, shape, oneof, required, implicit } = codec;
  if (shape === 'member') template[oneof] = undefined;
  else template[key] = undefined;
  if (shape === 'repeated') fresh.push({ key, make: () => [] });
  else if (shape === 'map') fresh.push({ key, make: () => ({}) });
  else if (shape === 'singular' && !required) {
    const declared: unknown = field.options?.['default'];
    if (declared === undefined || declared === null) template[key] = implicit;
    else if (field.type === 'bytes') {
      // Not typeDefault: protobufjs takes a default that could be base64 for base64.
      const bytes = Uint8Array.from(Buffer.from(String(declared), 'latin1'));
      fresh.push({ key, make: () => bytes.slice() });
    } else template[key] = ownDefault(field);
  }
}

function ownDefault(field: protobuf.Field): unknown {
  const value: unknown = field.typeDefault;
  if (field.type === 'float') return Math.fround(value as number);
  return zero(field) === 0n ? BigInt(String(value)) : value;
}

function steps({ fields }: MessageCodec): Step[] {
  const all: Step[] = [];
  const cases = new Map<string, string[]>();
  // Not the array itself: field numbers may lie millions apart.
  for (const field of Object.values(fields)) {
    if (!field) continue;
    const key = field.oneof || field.key;
    const last = all.at(-1);
    if (field.shape !== 'member') {
      all.push({ key, inherited: key in {}, field, members: undefined, cases: [] });
    } else {
      const names = cases.get(key) ?? [];
      cases.set(key, names);
      names.push(field.key);
      if (last?.members && last.key === key) (last.members as Map<unknown, FieldCodec>).set(field.key, field);
      else all.push({ key, inherited: key in {}, field, members: new Map([[field.key, field]]), cases: names });
    }
  }
  return all;
}
