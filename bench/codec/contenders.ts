import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { samples } from './messages.ts';

/** One message with one contender's code. */
export interface Runs {
  readonly label: string;
  readonly bytes: number;
  readonly encode: () => Uint8Array;
  readonly decode: () => object;
}

/** What a contender does with each sample; `code` is what its generator made of messages.proto, or the file itself. */
export const contenders: Readonly<Record<string, (code: any) => readonly Runs[]>> = {
  'rx-grpc': code =>
    samples.map(({ type, label, value }) => runs(label, () => code[type].encode(value), code[type].decode)),
  'load()': code =>
    samples.map(({ type, label, value }) => runs(label, () => code[type].encode(value), code[type].decode)),
  protobufjs: code =>
    samples.map(({ type, label, value }) => {
      const Type = code.bench[type];
      const given = asFlat(value);
      const complete = { defaults: true, arrays: true, objects: true, oneofs: true };
      return runs(
        label,
        () => Type.encode(Type.create(given)).finish(),
        bytes => Type.toObject(Type.decode(bytes), complete),
      );
    }),
  'ts-proto': code =>
    samples.map(({ type, label, value }) => {
      const given = code[type].fromPartial(asTsProto(value));
      return runs(label, () => code[type].encode(given).finish(), code[type].decode);
    }),
  'protobuf-es': code =>
    samples.map(({ type, label, value }) => {
      const schema = code[`${type}Schema`];
      const given = create(schema, value);
      return runs(
        label,
        () => toBinary(schema, given),
        bytes => fromBinary(schema, bytes),
      );
    }),
};

function runs(label: string, encode: () => Uint8Array, decode: (bytes: Buffer) => object): Runs {
  const bytes = Buffer.from(encode());
  return { label, bytes: bytes.length, encode, decode: () => decode(bytes) };
}

/** Members of a oneof lie beside the other fields; 64-bit integers are numbers or strings. */
function asFlat(value: Record<string, unknown>): Record<string, unknown> {
  const { payment, created, ids, ...rest } = value as { payment?: { case: string; value: unknown } } & typeof value;
  if (payment) rest[payment.case] = payment.value;
  if (created !== undefined) rest['created'] = Number(created);
  if (Array.isArray(ids)) rest['ids'] = ids.map(Number);
  return rest;
}

function asTsProto(value: Record<string, unknown>): Record<string, unknown> {
  const { payment, ...rest } = value as { payment?: { case: string; value: unknown } } & typeof value;
  return payment ? { ...rest, payment: { $case: payment.case, value: payment.value } } : rest;
}
