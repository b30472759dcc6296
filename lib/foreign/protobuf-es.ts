import { createRequire } from 'node:module';
import type { Message, Method, Service } from '../core/method.ts';
import { thisFile } from '../core/this-file.ts';
import { type MessageCodec, methodOf } from './method-of.ts';

/**
 * The methods of a service descriptor of protobuf-es 2; undefined for any other value.
 *
 * @throws Error when @bufbuild/protobuf is not installed.
 */
export function protobufEsService(definition: object): Service | undefined {
  const { kind, typeName, methods } = definition as Partial<ServiceDescriptor>;
  if (kind !== 'service' || typeof typeName !== 'string' || !Array.isArray(methods)) return undefined;
  const runtime = loadRuntime(typeName);
  return Object.fromEntries(
    (methods as ServiceDescriptor['methods']).map(({ name, localName, methodKind, input, output }) => {
      const requestStream = methodKind === 'client_streaming' || methodKind === 'bidi_streaming';
      const responseStream = methodKind === 'server_streaming' || methodKind === 'bidi_streaming';
      const shape = { path: `/${typeName}/${name}`, requestStream, responseStream };
      return [localName, methodOf(shape, codecOf(runtime, input), codecOf(runtime, output))];
    }),
  );
}

function codecOf({ create, toBinary, fromBinary }: Runtime, schema: unknown): MessageCodec {
  return {
    encode: value => toBinary(schema, create(schema, value)),
    decode: bytes => fromBinary(schema, bytes),
  };
}

/**
 * Loads @bufbuild/protobuf, which reads and writes the messages of a descriptor. Only users of protobuf-es have this
 * package. It is loaded as CommonJS, because connect() is synchronous. The CommonJS copy works with descriptors that
 * the ES module copy has made.
 */
function loadRuntime(typeName: string): Runtime {
  let cause: unknown;
  try {
    const runtime: Partial<Runtime> = createRequire(thisFile)('@bufbuild/protobuf');
    if (typeof runtime.create === 'function') return runtime as Runtime;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    cause = error;
  }
  throw new Error(
    `${typeName} is a service of protobuf-es: for its messages install @bufbuild/protobuf, version 2; in a bundle, leave it ` +
      'outside of the bundle (external) and install it beside',
    { cause },
  );
}

interface Runtime {
  create(schema: unknown, value: unknown): unknown;
  toBinary(schema: unknown, message: unknown): Uint8Array;
  fromBinary(schema: unknown, bytes: Uint8Array): unknown;
}

interface ServiceDescriptor {
  readonly kind: 'service';
  readonly typeName: string;
  readonly methods: readonly {
    readonly name: string;
    readonly localName: string;
    readonly methodKind: MethodKind;
    readonly input: unknown;
    readonly output: unknown;
  }[];
}

type MethodKind = 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';

/** The type of {@link protobufEsService}. */
export type ProtobufEsMethods<Methods> = {
  readonly [K in keyof Methods]: Methods[K] extends {
    readonly methodKind: infer Kind;
    readonly input: infer I;
    readonly output: infer O;
  }
    ? Method<
        MessageOf<I>,
        MessageOf<O>,
        Kind extends 'client_streaming' | 'bidi_streaming' ? true : false,
        Kind extends 'server_streaming' | 'bidi_streaming' ? true : false
      >
    : never;
};

type MessageOf<Schema> = Schema extends { readonly $codegenv2: { readonly a: infer Read } }
  ? Message<Read, MessageInit<Read>>
  : any;

/**
 * A message of protobuf-es to send, with optional fields. It equals MessageInitShape of @bufbuild/protobuf, which
 * cannot be imported here because the package may be missing.
 */
export type MessageInit<T> =
  | T
  | { [K in keyof T as Exclude<K, '$unknown'>]?: K extends '$typeName' ? never : FieldInit<T[K]> };

type FieldInit<F> = F extends Date | Uint8Array | bigint | boolean | string | number
  ? F
  : F extends (infer U)[]
    ? FieldInit<U>[]
    : F extends readonly (infer U)[]
      ? readonly FieldInit<U>[]
      : F extends AnyMessage
        ? MessageInit<F>
        : F extends { case: infer Case; value: infer V extends AnyMessage }
          ? { case: Case; value: MessageInit<V> }
          : F extends { case: string | undefined; value?: unknown }
            ? F
            : F extends { [key: string | number]: infer V extends AnyMessage }
              ? { [key: string | number]: MessageInit<V> }
              : F;

interface AnyMessage {
  readonly $typeName: string;
}
