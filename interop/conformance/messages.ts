import { load, type Message, type Method } from 'rx-grpc';

/** A message that is sent with any of its fields, and read with all of them. */
type Of<T> = Message<T, Partial<T>>;

/** `google.protobuf.Any`. */
export interface Any {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A header with its values; those of a `-bin` header are base64. */
export interface Header {
  readonly name: string;
  readonly value: readonly string[];
}

/** An error of an RPC; its codes are those of gRPC. */
export interface ProtoError {
  readonly code: number;
  readonly message: string | undefined;
  readonly details: readonly Any[];
}

interface ResponseMetadata {
  readonly responseHeaders: readonly Header[];
  readonly responseTrailers: readonly Header[];
  readonly responseDelayMs: number;
}

/** The answer that a call with one response asks for. */
export interface UnaryResponseDefinition extends ResponseMetadata {
  readonly response:
    | { readonly case: 'responseData'; readonly value: Uint8Array }
    | { readonly case: 'error'; readonly value: ProtoError }
    | undefined;
}

/** The answer that a call with a stream of responses asks for. */
export interface StreamResponseDefinition extends ResponseMetadata {
  readonly responseData: readonly Uint8Array[];
  readonly error: ProtoError | undefined;
}

interface UnaryRequest {
  readonly responseDefinition: UnaryResponseDefinition | undefined;
}

interface StreamRequest {
  readonly responseDefinition: StreamResponseDefinition | undefined;
}

interface BidiRequest extends StreamRequest {
  readonly fullDuplex: boolean;
}

/** What a server saw of a call. */
export interface RequestInfo {
  readonly requestHeaders?: readonly Header[];
  readonly timeoutMs?: number | bigint | undefined;
  readonly requests: readonly Any[];
}

/** The one field of each response. */
export interface Payload {
  readonly data?: Uint8Array | undefined;
  readonly requestInfo?: RequestInfo | undefined;
}

export interface Response {
  readonly payload: Payload | undefined;
}

/** How a program that reads its configuration from stdin begins to serve. */
export interface ServerCompatRequest {
  readonly useTls: boolean;
  readonly clientTlsCert: Uint8Array;
  readonly messageReceiveLimit: number;
  readonly serverCreds: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined;
}

/** One call that a client under test is to make. */
export interface ClientCompatRequest {
  readonly testName: string;
  readonly compression: number;
  readonly host: string;
  readonly port: number;
  readonly serverTlsCert: Uint8Array;
  readonly clientTlsCreds: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined;
  readonly messageReceiveLimit: number;
  readonly method: string | undefined;
  readonly streamType: number;
  readonly requestHeaders: readonly Header[];
  readonly requestMessages: readonly Any[];
  readonly timeoutMs: number | undefined;
  readonly requestDelayMs: number;
  readonly cancel: { readonly cancelTiming: CancelTiming | undefined } | undefined;
}

type CancelTiming =
  | { readonly case: 'beforeCloseSend'; readonly value: object }
  | { readonly case: 'afterCloseSendMs'; readonly value: number }
  | { readonly case: 'afterNumResponses'; readonly value: number };

/** What became of a call. */
export interface ClientResponseResult {
  readonly responseHeaders: readonly Header[];
  readonly payloads: readonly Payload[];
  readonly error: ProtoError | undefined;
  readonly responseTrailers: readonly Header[];
  readonly numUnsentRequests: number;
}

interface Codec<T> {
  encode(value: T): Buffer;
  decode(bytes: Uint8Array): any;
}

/** What load() makes of the suite's .proto files, as far as it is used here. */
export interface Protos {
  readonly ConformanceService: {
    readonly Unary: Method<Of<UnaryRequest>, Of<Response>, false, false>;
    readonly ServerStream: Method<Of<StreamRequest>, Of<Response>, false, true>;
    readonly ClientStream: Method<Of<UnaryRequest>, Of<Response>, true, false>;
    readonly BidiStream: Method<Of<BidiRequest>, Of<Response>, true, true>;
    readonly Unimplemented: Method<Of<object>, Of<object>, false, false>;
    readonly IdempotentUnary: Method<Of<UnaryRequest>, Of<Response>, false, false>;
  };
  readonly ServerCompatRequest: Codec<never>;
  readonly ServerCompatResponse: Codec<{ host: string; port: number; pemCert?: Uint8Array | undefined }>;
  readonly ClientCompatRequest: Codec<never>;
  readonly ClientCompatResponse: Codec<{ testName: string; result: Result }>;
  readonly UnaryRequest: Codec<UnaryRequest>;
  readonly IdempotentUnaryRequest: Codec<UnaryRequest>;
  readonly ServerStreamRequest: Codec<StreamRequest>;
  readonly ClientStreamRequest: Codec<UnaryRequest>;
  readonly BidiStreamRequest: Codec<BidiRequest>;
  readonly RequestInfo: Codec<RequestInfo>;
}

export type Result =
  | { readonly case: 'response'; readonly value: ClientResponseResult }
  | { readonly case: 'error'; readonly value: { readonly message: string } };

/** The environment variable with the folder of the suite's .proto files. */
export const PROTOS = 'CONFORMANCE_PROTOS';

const FOLDER = 'connectrpc/conformance/v1';

/** The suite's services and messages, from the .proto files of its Go module. */
export async function loadProtos(): Promise<Protos> {
  const includeDirs = [process.env[PROTOS] ?? ''];
  const files = ['service', 'client_compat', 'server_compat'].map(name => `${FOLDER}/${name}.proto`);
  return await load(files, { includeDirs });
}

export type RequestType =
  | 'UnaryRequest'
  | 'IdempotentUnaryRequest'
  | 'ServerStreamRequest'
  | 'ClientStreamRequest'
  | 'BidiStreamRequest'
  | 'UnimplementedRequest'
  | 'RequestInfo';

/** The type URL of one of the suite's messages. */
export function typeUrl(name: string): string {
  return `type.googleapis.com/connectrpc.conformance.v1.${name}`;
}
