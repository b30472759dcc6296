import { load, type Method } from 'rx-grpc';

/** A uint64: what is read is a bigint, to write a number will do. */
type Bytes = bigint | number;

export interface Begin {
  readonly name: string;
  readonly size: Bytes;
  readonly from: Bytes;
}

/** One begin, any number of data, one sha256. */
export interface Part {
  readonly part:
    | { readonly case: 'begin'; readonly value: Begin }
    | { readonly case: 'data'; readonly value: Uint8Array }
    | { readonly case: 'sha256'; readonly value: Uint8Array }
    | undefined;
}

export interface Received {
  readonly bytes: Bytes;
  readonly of: Bytes;
  readonly complete: boolean;
}

interface FilesService {
  readonly Find: Method<{ readonly name: string }, { readonly bytes: Bytes }, false, false>;
  readonly Upload: Method<Part, Received, true, true>;
  readonly Download: Method<{ readonly name: string; readonly from: Bytes }, Part, false, true>;
}

export const Files: FilesService = (await load(new URL('../../protos/files.proto', import.meta.url))).Files;
