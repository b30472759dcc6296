/** What a .proto file declares, as plain data: all that the emitters look at. */
export interface FileModel {
  /** Its import name. */
  readonly name: string;
  /** In the order of declaration, nested ones after the message around them. */
  readonly types: readonly (MessageModel | EnumModel)[];
  readonly services: readonly ServiceModel[];
}

/** A comment, and whether what it stands at is deprecated. */
export interface Doc {
  readonly comment: string;
  readonly deprecated: boolean;
}

/** A message or enum that something refers to, by its full name. */
export interface TypeRef {
  /** The import name of its file. */
  readonly file: string;
  readonly fullName: string;
  /** Its name in its file, those of the messages around it before it: `['Order', 'Item']`. */
  readonly path: readonly string[];
  readonly kind: 'message' | 'enum';
}

export interface MessageModel extends TypeRef, Doc {
  readonly kind: 'message';
  /** Fields and oneofs in the order of declaration; a oneof stands where its first member does. */
  readonly properties: readonly (FieldModel | OneofModel)[];
}

export interface EnumModel extends TypeRef, Doc {
  readonly kind: 'enum';
  readonly values: readonly (Doc & { readonly name: string; readonly number: number })[];
}

/** One value: what a field holds, or each element of it. */
export interface ValueModel {
  /** As `readScalar` has them; of an enum `int32`. */
  readonly scalar: Scalar | undefined;
  readonly ref: TypeRef | undefined;
  /** Of an enum whose unknown numbers are no values. */
  readonly closed: boolean;
  /** Of a message between two tags, not after its length. */
  readonly group: boolean;
  readonly wire: number;
  /** The value where none was sent, of a scalar. */
  readonly zero: Zero;
}

export type Scalar =
  | Int64Scalar
  | 'double'
  | 'float'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'sfixed32'
  | 'bool'
  | 'string'
  | 'unverified'
  | 'bytes';
type Int64Scalar = 'int64' | 'uint64' | 'sint64' | 'fixed64' | 'sfixed64';
export type Zero = number | bigint | string | boolean | Uint8Array;

export interface FieldModel extends Doc {
  readonly shape: 'singular' | 'repeated' | 'map' | 'member';
  readonly key: string;
  readonly number: number;
  readonly value: ValueModel;
  /** Of a map. */
  readonly mapKey: ValueModel | undefined;
  /** Of a repeated field: whether it is written packed, and whether it may be read so. */
  readonly packed: boolean;
  readonly packable: boolean;
  readonly required: boolean;
  /** Whether a value that was not sent is told from its default. */
  readonly presence: boolean;
  /** A default of its own, in proto2. Of bytes: their characters. */
  readonly default: Zero | undefined;
}

export interface OneofModel extends Doc {
  readonly shape: 'oneof';
  readonly key: string;
  /** In the order of declaration. */
  readonly members: readonly FieldModel[];
}

export interface ServiceModel extends Doc {
  readonly name: string;
  readonly fullName: string;
  readonly methods: readonly MethodModel[];
}

export interface MethodModel extends Doc {
  readonly name: string;
  readonly request: TypeRef;
  readonly response: TypeRef;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}
