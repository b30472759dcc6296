/** The declarations of a .proto file as plain data, the only input of the emitters. */
export interface FileModel {
  /** Its import name. */
  readonly name: string;
  /** In the order of declaration; nested types come after the enclosing message. */
  readonly types: readonly (MessageModel | EnumModel)[];
  readonly services: readonly ServiceModel[];
}

/** The comment of a declaration, and whether the declaration is deprecated. */
export interface Doc {
  readonly comment: string;
  readonly deprecated: boolean;
}

/** A reference to a message or enum, by its full name. */
export interface TypeRef {
  /** The import name of its file. */
  readonly file: string;
  readonly fullName: string;
  /** Its name in its file, after the names of the enclosing messages: `['Order', 'Item']`. */
  readonly path: readonly string[];
  readonly kind: 'message' | 'enum';
}

export interface MessageModel extends TypeRef, Doc {
  readonly kind: 'message';
  /** Fields and oneofs in the order of declaration. A oneof has the place of its first member. */
  readonly properties: readonly (FieldModel | OneofModel)[];
}

export interface EnumModel extends TypeRef, Doc {
  readonly kind: 'enum';
  readonly values: readonly (Doc & { readonly name: string; readonly number: number })[];
}

/** The type of one value: of a field, or of each of its elements. */
export interface ValueModel {
  /** A key of `readScalar`; `int32` for an enum. */
  readonly scalar: Scalar | undefined;
  readonly ref: TypeRef | undefined;
  /** Whether this is an enum that drops unknown numbers. */
  readonly closed: boolean;
  /** Whether this is a message between two tags, rather than behind its length. */
  readonly group: boolean;
  readonly wire: number;
  /** For a scalar, the value if none was sent. */
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
  /** For a map, its key. */
  readonly mapKey: ValueModel | undefined;
  /** For a repeated field, whether it is written packed, and whether it can be read packed. */
  readonly packed: boolean;
  readonly packable: boolean;
  readonly required: boolean;
  /** Whether an absent value differs from the default. */
  readonly presence: boolean;
  /** A default declared in proto2; for bytes, their characters. */
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
