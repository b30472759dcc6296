import type { Service } from '../core/method.ts';
import { type MessageCodec, methodOf } from './method-of.ts';

/** The methods of a `ServiceType` of protobuf-ts; undefined for any other value. */
export function protobufTsService(definition: object): Service | undefined {
  const { typeName, methods } = definition as Partial<ServiceType>;
  if (typeof typeName !== 'string' || !Array.isArray(methods)) return undefined;
  return Object.fromEntries(
    (methods as ServiceType['methods']).map(({ name, localName, clientStreaming, serverStreaming, I, O }) => {
      const shape = { path: `/${typeName}/${name}`, requestStream: clientStreaming, responseStream: serverStreaming };
      return [localName, methodOf(shape, codecOf(I), codecOf(O))];
    }),
  );
}

function codecOf(type: MessageType): MessageCodec {
  return {
    encode: value => type.toBinary(type.create(value)),
    decode: bytes => type.fromBinary(bytes),
  };
}

interface ServiceType {
  readonly typeName: string;
  readonly methods: readonly {
    readonly name: string;
    readonly localName: string;
    readonly clientStreaming: boolean;
    readonly serverStreaming: boolean;
    readonly I: MessageType;
    readonly O: MessageType;
  }[];
}

interface MessageType {
  create(value: unknown): unknown;
  toBinary(message: unknown): Uint8Array;
  fromBinary(bytes: Uint8Array): unknown;
}
