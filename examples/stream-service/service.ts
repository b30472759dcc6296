import { load, type Method } from 'rx-grpc';

export interface StreamPoint {
  readonly name: string;
  readonly value: number;
}

/** A message within a message may be left out. */
export interface StreamRequest {
  readonly pt?: StreamPoint | undefined;
}

export interface StreamResponse {
  readonly pt?: StreamPoint | undefined;
}

interface Points {
  readonly List: Method<StreamRequest, StreamResponse, false, true>;
  readonly Record: Method<StreamRequest, StreamResponse, true, false>;
  readonly Route: Method<StreamRequest, StreamResponse, true, true>;
}

/** conversations.proto has messages of the same names in the same package: each `load()` stands for itself. */
export const StreamService: Points = (await load(new URL('../../protos/stream-service.proto', import.meta.url)))
  .StreamService;
