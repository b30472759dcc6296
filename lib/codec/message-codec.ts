import type protobuf from 'protobufjs';
import { nextCopy } from './copy.ts';
import { type FieldCodec, fieldCodec, type MessageCodec, type Step } from './field-codec.ts';
import { fullName, sharedKey, zero } from './reflection.ts';

/** Returns a function that makes the codec of a message type, once for each type. */
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
    codecs.set(type, codec); // before its fields, which may have this same type
    // Received extensions are skipped, as by an implementation that does not know them.
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
      // Not typeDefault: protobufjs decodes a default as base64 if it could be base64.
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
  // Object.values skips the gaps: field numbers may be millions apart.
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
