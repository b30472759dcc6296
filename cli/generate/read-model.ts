import protobuf from 'protobufjs';
import {
  closedNumbers,
  fullName,
  inOneof,
  propertyName,
  scalarType,
  sharedKey,
  zero as zeroOf,
} from '../../lib/codec/reflection.ts';
import { wireType } from '../../lib/codec/wire-type.ts';
import type {
  Doc,
  EnumModel,
  FieldModel,
  FileModel,
  MessageModel,
  OneofModel,
  Scalar,
  ServiceModel,
  TypeRef,
  ValueModel,
  Zero,
} from './model.ts';

/** Returns the import name of the file that declares an object. */
export type FileOf = (object: protobuf.ReflectionObject) => string;

/**
 * Reads the declarations of each file, by import name. Files without declarations are left out.
 *
 * @throws Error that names the file and the declaration when two names would be the same.
 */
export function readModel(root: protobuf.Root, fileOf: FileOf): ReadonlyMap<string, FileModel> {
  type Draft = { name: string; types: (MessageModel | EnumModel)[]; services: ServiceModel[] };
  const files = new Map<string, Draft>();
  const draft = (object: protobuf.ReflectionObject): Draft => {
    const name = fileOf(object);
    let file = files.get(name);
    if (!file) files.set(name, (file = { name, types: [], services: [] }));
    return file;
  };
  const visit = (object: protobuf.ReflectionObject): void => {
    if (object instanceof protobuf.Type) draft(object).types.push(messageModel(object, fileOf));
    else if (object instanceof protobuf.Enum) draft(object).types.push(enumModel(object, fileOf));
    else if (object instanceof protobuf.Service) draft(object).services.push(serviceModel(object, fileOf));
    if (object instanceof protobuf.Namespace) object.nestedArray.forEach(visit);
  };
  visit(root);
  return files;
}

function messageModel(type: protobuf.Type, fileOf: FileOf): MessageModel {
  // Extensions, which belong to another declaration, are not read.
  const fields = type.fieldsArray.filter(field => !field.declaringField);
  const twice = sharedKey(fields);
  if (twice !== undefined)
    throw new Error(`${fileOf(type)}: ${fullName(type)}: two of its fields would be called ${twice}`);
  const properties = fields.flatMap((field): (FieldModel | OneofModel)[] => {
    const model = fieldModel(field, fileOf);
    if (model.shape !== 'member') return [model];
    return field === field.partOf!.fieldsArray[0] ? [oneofModel(field.partOf!, fileOf)] : [];
  });
  return { ...refOf(type, fileOf), kind: 'message', ...docOf(type), properties };
}

function oneofModel(oneof: protobuf.OneOf, fileOf: FileOf): OneofModel {
  const members = oneof.fieldsArray.map(field => fieldModel(field, fileOf));
  return { ...docOf(oneof), shape: 'oneof', key: propertyName(oneof.name), members };
}

function fieldModel(field: protobuf.Field, fileOf: FileOf): FieldModel {
  if (field.id < 1 || field.id > 2 ** 29 - 1) {
    throw new Error(`${fileOf(field)}: ${fullName(field)}: its number must be from 1 to 536870911, it is ${field.id}`);
  }
  const value = valueModel(field, fileOf);
  const shape = field.map ? 'map' : field.repeated ? 'repeated' : inOneof(field) ? 'member' : 'singular';
  const packable = shape === 'repeated' && value.scalar !== undefined && value.wire !== wireType.delimited;
  return {
    ...docOf(field),
    shape,
    key: propertyName(field.name),
    number: field.id,
    value,
    mapKey: field.map ? keyModel(field as unknown as protobuf.MapField) : undefined,
    packed: packable && field.packed,
    packable,
    required: field.required,
    presence: value.scalar === undefined || field.hasPresence,
    default: shape === 'singular' && !field.required ? defaultOf(field) : undefined,
  };
}

function valueModel(field: protobuf.Field, fileOf: FileOf): ValueModel {
  const { resolvedType } = field;
  const ref = resolvedType ? refOf(resolvedType, fileOf) : undefined;
  if (resolvedType instanceof protobuf.Type) {
    const group = field.delimited && !field.map;
    const wire = group ? wireType.startGroup : wireType.delimited;
    return { scalar: undefined, ref, closed: false, group, wire, zero: 0 };
  }
  const scalar = scalarType(field) as Scalar;
  const closed = closedNumbers(field) !== undefined;
  return { scalar, ref, closed, group: false, wire: wireOf(scalar), zero: zeroOf(field) as Zero };
}

function keyModel(field: protobuf.MapField): ValueModel {
  const { keyType } = field;
  const scalar = scalarType(field as unknown as protobuf.Field, keyType) as Scalar;
  const zero = keyType === 'string' ? '' : keyType === 'bool' ? false : keyType.endsWith('64') ? 0n : 0;
  return { scalar, ref: undefined, closed: false, group: false, wire: wireOf(scalar), zero };
}

function wireOf(scalar: Scalar): number {
  return scalar === 'unverified' ? wireType.delimited : protobuf.types.basic[scalar];
}

function defaultOf(field: protobuf.Field): Zero | undefined {
  const declared: unknown = field.options?.['default'];
  if (declared === undefined || declared === null) return undefined;
  // Not typeDefault: protobufjs decodes a default as base64 if it could be base64.
  if (field.type === 'bytes') return String(declared);
  const value: unknown = field.typeDefault;
  if (field.type === 'float') return Math.fround(value as number);
  return zeroOf(field) === 0n ? BigInt(String(value)) : (value as Zero);
}

function enumModel(type: protobuf.Enum, fileOf: FileOf): EnumModel {
  const values = Object.entries(type.values).map(([name, number]) => ({
    name,
    number,
    comment: type.comments?.[name] ?? '',
    deprecated: type.valuesOptions?.[name]?.['deprecated'] === true,
  }));
  return { ...refOf(type, fileOf), kind: 'enum', ...docOf(type), values };
}

function serviceModel(service: protobuf.Service, fileOf: FileOf): ServiceModel {
  const names = new Set<string>();
  for (const { name } of service.methodsArray) {
    const onClients = name.charAt(0).toLowerCase() + name.slice(1);
    if (names.has(onClients)) {
      throw new Error(`${fileOf(service)}: ${fullName(service)}: two of its RPCs would be called ${onClients}`);
    }
    names.add(onClients);
  }
  const methods = service.methodsArray.map(method => ({
    ...docOf(method),
    name: method.name,
    request: refOf(method.resolvedRequestType!, fileOf),
    response: refOf(method.resolvedResponseType!, fileOf),
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
  }));
  return { ...docOf(service), name: service.name, fullName: fullName(service), methods };
}

function refOf(type: protobuf.Type | protobuf.Enum, fileOf: FileOf): TypeRef {
  const path = [type.name];
  for (let outer = type.parent; outer instanceof protobuf.Type; outer = outer.parent) path.unshift(outer.name);
  const kind = type instanceof protobuf.Type ? 'message' : 'enum';
  return { file: fileOf(type), fullName: fullName(type), path, kind };
}

function docOf(object: protobuf.ReflectionObject): Doc {
  return { comment: object.comment ?? '', deprecated: object.options?.['deprecated'] === true };
}
