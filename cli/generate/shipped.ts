/** The import names of the files that are not generated for anybody: what they become comes with this package. */
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
