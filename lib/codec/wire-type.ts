/** The wire types: https://protobuf.dev/programming-guides/encoding/#structure */
export const wireType = { varint: 0, fixed64: 1, delimited: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;
