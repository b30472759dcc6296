import type { Message, Method, Service } from '../core/method.ts';
import { type MessageCodec, methodOf } from './method-of.ts';

/**
 * The methods of a definition that ts-proto generated with `outputServices=generic-definitions`; undefined for any
 * other value.
 */
export function genericService(definition: object): Service | undefined {
  const { fullName, methods } = definition as Partial<GenericDefinition>;
  if (typeof fullName !== 'string' || typeof methods !== 'object' || methods === null) return undefined;
  return Object.fromEntries(
    Object.entries(methods).map(([key, method]) => {
      const path = `/${fullName}/${method.name}`;
      const { requestStream, responseStream } = method;
      const request = codecOf(path, method.requestType);
      return [key, methodOf({ path, requestStream, responseStream }, request, codecOf(path, method.responseType))];
    }),
  );
}

/** @throws TypeError when the messages have no encode and decode. */
function codecOf(path: string, type: GenericType): MessageCodec {
  if (typeof type?.encode !== 'function' || typeof type.decode !== 'function') {
    throw new TypeError(
      `${path}: expected messages with encode and decode; ts-proto generates them unless outputEncodeMethods=false is set`,
    );
  }
  return {
    encode: value => type.encode(type.fromPartial === undefined ? value : type.fromPartial(value)).finish(),
    decode: bytes => type.decode(bytes),
  };
}

interface GenericDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, GenericMethod>>;
}

interface GenericMethod {
  readonly name: string;
  readonly requestType: GenericType;
  readonly requestStream: boolean;
  readonly responseType: GenericType;
  readonly responseStream: boolean;
}

interface GenericType {
  encode(message: any): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  /** Absent with `outputPartialMethods=false`; then only complete messages can be sent. */
  fromPartial?(value: any): unknown;
}

/** The type of {@link genericService}. */
export type GenericMethods<Methods> = {
  readonly [K in keyof Methods]: Methods[K] extends {
    readonly requestType: infer I;
    readonly responseType: infer O;
    readonly requestStream: infer RequestStream extends boolean;
    readonly responseStream: infer ResponseStream extends boolean;
  }
    ? Method<MessageOf<I>, MessageOf<O>, RequestStream, ResponseStream>
    : never;
};

type MessageOf<T> = T extends { decode(...input: any): infer Read }
  ? T extends { fromPartial(value: any): unknown }
    ? Message<Read, DeepPartial<Read>>
    : Read
  : never;

/**
 * The argument of `fromPartial`. ts-proto declares the same type in each generated file, where no type can refer to it.
 */
type DeepPartial<T> = T extends bigint
  ? T | number | string
  : T extends Whole
    ? T
    : T extends readonly (infer U)[]
      ? readonly DeepPartial<U>[]
      : T extends { readonly $case: infer Case }
        ? { readonly $case: Case } & PartialMessage<Omit<T, '$case'>>
        : T extends object
          ? PartialMessage<T>
          : T;

/** A named type, so that TypeScript's errors name the message. */
export type PartialMessage<T> = { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined };

type Whole = Date | Uint8Array | ReadonlyMap<any, any> | ((...parameters: never) => unknown);
