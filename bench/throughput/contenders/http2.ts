import { overHttp2 } from './over-http2.ts';

/** Bytes as they are: `n` is where a message stands in its stream. */
export const contender = overHttp2({
  encode: ({ payload }) => payload,
  decode: (payload, n) => ({ payload, n }),
});
