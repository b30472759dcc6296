// The parts of google/protobuf/descriptor.proto and compiler/plugin.proto that the plugin reads, as load() decodes
// them.

export interface CodeGeneratorRequest {
  readonly fileToGenerate: readonly string[];
  readonly parameter: string | undefined;
  readonly protoFile: readonly FileDescriptor[];
}

export interface FileDescriptor {
  readonly name: string | undefined;
  readonly package: string | undefined;
  readonly dependency: readonly string[];
  readonly messageType: readonly MessageDescriptor[];
  readonly enumType: readonly EnumDescriptor[];
  readonly service: readonly ServiceDescriptor[];
  readonly options: Options | undefined;
  readonly sourceCodeInfo: { readonly location: readonly Location[] } | undefined;
  readonly syntax: string | undefined;
  readonly edition: number | undefined;
}

export interface MessageDescriptor {
  readonly name: string | undefined;
  readonly field: readonly FieldDescriptor[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly enumType: readonly EnumDescriptor[];
  readonly oneofDecl: readonly { readonly name: string | undefined; readonly options: Options | undefined }[];
  readonly options: (Options & { readonly mapEntry?: boolean | undefined }) | undefined;
}

export interface FieldDescriptor {
  readonly name: string | undefined;
  readonly number: number | undefined;
  readonly label: number | undefined;
  readonly type: number | undefined;
  readonly typeName: string | undefined;
  readonly defaultValue: string | undefined;
  readonly oneofIndex: number | undefined;
  readonly options: (Options & { readonly packed?: boolean | undefined }) | undefined;
  readonly proto3Optional: boolean | undefined;
}

export interface EnumDescriptor {
  readonly name: string | undefined;
  readonly value: readonly {
    readonly name: string | undefined;
    readonly number: number | undefined;
    readonly options: Options | undefined;
  }[];
  readonly options: (Options & { readonly allowAlias?: boolean | undefined }) | undefined;
}

export interface ServiceDescriptor {
  readonly name: string | undefined;
  readonly method: readonly MethodDescriptor[];
  readonly options: Options | undefined;
}

interface MethodDescriptor {
  readonly name: string | undefined;
  readonly inputType: string | undefined;
  readonly outputType: string | undefined;
  readonly clientStreaming: boolean | undefined;
  readonly serverStreaming: boolean | undefined;
  readonly options: Options | undefined;
}

/** The options that all kinds of declarations share and that affect generated code. */
export interface Options {
  readonly deprecated?: boolean | undefined;
  readonly features?: Readonly<Record<string, unknown>> | undefined;
}

export interface Location {
  readonly path: readonly number[];
  readonly span: readonly number[];
  readonly leadingComments: string | undefined;
  readonly trailingComments: string | undefined;
}

/** The field numbers of descriptor.proto that make up the path of a location. */
export const In: {
  readonly file: { readonly message: 4; readonly enum: 5; readonly service: 6 };
  readonly message: { readonly field: 2; readonly message: 3; readonly enum: 4; readonly oneof: 8 };
  readonly enum: { readonly value: 2 };
  readonly service: { readonly method: 2 };
} = {
  file: { message: 4, enum: 5, service: 6 },
  message: { field: 2, message: 3, enum: 4, oneof: 8 },
  enum: { value: 2 },
  service: { method: 2 },
} as const;

/** FieldDescriptorProto.Type */
export const FieldType: { readonly GROUP: 10; readonly names: readonly string[] } = {
  GROUP: 10,
  names: [
    '',
    'double',
    'float',
    'int64',
    'uint64',
    'int32',
    'fixed64',
    'fixed32',
    'bool',
    'string',
    'group',
    'message',
    'bytes',
    'uint32',
    'enum',
    'sfixed32',
    'sfixed64',
    'sint32',
    'sint64',
  ],
};
