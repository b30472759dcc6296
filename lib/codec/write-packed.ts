import type protobuf from 'protobufjs';
import * as check from './check-scalar.ts';
import { fieldError } from './field-error.ts';
import { halvesOf } from './int64.ts';
import { checkList } from './write-message.ts';

type Writer = protobuf.Writer;
type Numbers = readonly number[];
type Integers = readonly (bigint | number)[];

// Each function writes a packed list, or throws a FieldError. It checks all elements first, so that the Writer can take
// them at once. It writes nothing for an empty list.

export function packDouble(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkList(values, key) === 0) return;
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== 'number') throw fieldError(key, i, check.expected.double, values[i]);
  }
  writer.uint32(tag).doubles(values as number[]);
}

export function packFloat(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkList(values, key) === 0) return;
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value !== 'number') throw fieldError(key, i, check.expected.double, value);
    if (!check.isInFloatRange(value)) throw fieldError(key, i, check.expected.float, value);
  }
  writer.uint32(tag).floats(values as number[]);
}

export function packInt32(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkInt32s(values, key)) writer.uint32(tag).int32s(values as number[]);
}

export function packUint32(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkUint32s(values, key)) writer.uint32(tag).uint32s(values as number[]);
}

export function packSint32(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkInt32s(values, key)) writer.uint32(tag).sint32s(values as number[]);
}

export function packFixed32(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkUint32s(values, key)) writer.uint32(tag).fixed32s(values as number[]);
}

export function packSfixed32(writer: Writer, tag: number, values: Numbers, key: string): void {
  if (checkInt32s(values, key)) writer.uint32(tag).sfixed32s(values as number[]);
}

export function packInt64(writer: Writer, tag: number, values: Integers, key: string): void {
  if (!checkInt64s(values, key)) return;
  writer.uint32(tag).fork();
  for (let i = 0; i < values.length; i++) writer.int64(halvesOf(values[i]!));
  writer.ldelim();
}

export function packUint64(writer: Writer, tag: number, values: Integers, key: string): void {
  if (!checkUint64s(values, key)) return;
  writer.uint32(tag).fork();
  for (let i = 0; i < values.length; i++) writer.uint64(halvesOf(values[i]!));
  writer.ldelim();
}

export function packSint64(writer: Writer, tag: number, values: Integers, key: string): void {
  if (!checkInt64s(values, key)) return;
  writer.uint32(tag).fork();
  for (let i = 0; i < values.length; i++) writer.sint64(halvesOf(values[i]!));
  writer.ldelim();
}

export function packFixed64(writer: Writer, tag: number, values: Integers, key: string): void {
  if (!checkUint64s(values, key)) return;
  writer.uint32(tag).fork();
  for (let i = 0; i < values.length; i++) writer.fixed64(halvesOf(values[i]!));
  writer.ldelim();
}

export function packSfixed64(writer: Writer, tag: number, values: Integers, key: string): void {
  if (!checkInt64s(values, key)) return;
  writer.uint32(tag).fork();
  for (let i = 0; i < values.length; i++) writer.sfixed64(halvesOf(values[i]!));
  writer.ldelim();
}

export function packBool(writer: Writer, tag: number, values: readonly boolean[], key: string): void {
  if (checkList(values, key) === 0) return;
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== 'boolean') throw fieldError(key, i, check.expected.bool, values[i]);
  }
  writer.uint32(tag).bools(values as boolean[]);
}

function checkInt32s(values: Numbers, key: string): boolean {
  if (checkList(values, key) === 0) return false;
  for (let i = 0; i < values.length; i++) {
    if (!check.isInt32(values[i])) throw fieldError(key, i, check.expected.int32, values[i]);
  }
  return true;
}

function checkUint32s(values: Numbers, key: string): boolean {
  if (checkList(values, key) === 0) return false;
  for (let i = 0; i < values.length; i++) {
    if (!check.isUint32(values[i])) throw fieldError(key, i, check.expected.uint32, values[i]);
  }
  return true;
}

function checkInt64s(values: Integers, key: string): boolean {
  if (checkList(values, key) === 0) return false;
  for (let i = 0; i < values.length; i++) {
    if (!check.isInt64(values[i])) throw fieldError(key, i, check.expected.int64, values[i]);
  }
  return true;
}

function checkUint64s(values: Integers, key: string): boolean {
  if (checkList(values, key) === 0) return false;
  for (let i = 0; i < values.length; i++) {
    if (!check.isUint64(values[i])) throw fieldError(key, i, check.expected.uint64, values[i]);
  }
  return true;
}
