import protobuf from 'protobufjs';
import type { Parcel } from '../parcels.ts';
import { overHttp2 } from './over-http2.ts';

const type = new protobuf.Root().loadSync('messages.proto').lookupType('bench.throughput.Parcel');

/** protobufjs as it is: no plain objects are made of its messages. */
export const contender = overHttp2({
  encode: parcel => type.encode(parcel).finish(),
  decode: bytes => type.decode(bytes) as unknown as Parcel,
});
