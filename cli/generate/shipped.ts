/** The import names of the files whose generated code is part of this package. */
export const shipped: ReadonlySet<string> = new Set(
  [
    'any',
    'api',
    'descriptor',
    'duration',
    'empty',
    'field_mask',
    'source_context',
    'struct',
    'timestamp',
    'type',
    'wrappers',
  ].map(name => `google/protobuf/${name}.proto`),
);
