import { load, type Method } from 'rx-grpc';

interface StreamRequest {
  readonly question: string;
}

interface StreamResponse {
  readonly answer: string;
}

interface StreamService {
  readonly Conversations: Method<StreamRequest, StreamResponse, true, true>;
}

export const Stream: StreamService = (await load(new URL('../../protos/conversations.proto', import.meta.url))).Stream;
