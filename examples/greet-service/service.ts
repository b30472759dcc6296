import { load, type Method } from 'rx-grpc';

/** All requests of greet.proto look alike, and so do all responses. */
export interface Request {
  readonly name: string;
}

export interface Response {
  readonly greeting: string;
}

interface Greetings {
  readonly Greet: Method<Request, Response, false, false>;
  readonly GreetStream: Method<Request, Response, true, true>;
  readonly GreetClientStream: Method<Request, Response, true, false>;
  readonly GreetServerStream: Method<Request, Response, false, true>;
}

export const GreetService: Greetings = (await load(new URL('../../protos/greet.proto', import.meta.url))).GreetService;
