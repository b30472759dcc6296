import { load, type Method } from 'rx-grpc';

interface HelloRequest {
  readonly name: string;
}

interface HelloResponse {
  readonly reply: string;
}

interface GreeterService {
  readonly BidiHello: Method<HelloRequest, HelloResponse, true, true>;
}

export const Greeter: GreeterService = (await load(new URL('../../protos/greeter-chat.proto', import.meta.url)))
  .Greeter;
