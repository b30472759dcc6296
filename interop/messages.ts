import type { Message, Method } from 'rx-grpc';

/** A message of which a sender may leave out every field. */
type Of<T> = Message<T, Partial<T>>;

export interface Payload {
  readonly type?: number;
  readonly body: Uint8Array;
}

export interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

export interface SimpleRequest {
  readonly responseType: number;
  readonly responseSize: number;
  readonly payload: Payload | undefined;
  readonly responseStatus: EchoStatus | undefined;
}

interface SimpleResponse {
  readonly payload: Payload | undefined;
}

export interface StreamingInputCallRequest {
  readonly payload: Payload | undefined;
}

interface StreamingInputCallResponse {
  readonly aggregatedPayloadSize: number;
}

interface ResponseParameters {
  readonly size: number;
  readonly intervalUs?: number;
}

export interface StreamingOutputCallRequest {
  readonly responseType: number;
  readonly responseParameters: readonly ResponseParameters[];
  readonly payload: Payload | undefined;
  readonly responseStatus: EchoStatus | undefined;
}

export interface StreamingOutputCallResponse {
  readonly payload: Payload | undefined;
}

type Empty = Of<Record<never, never>>;
type DuplexCall = Method<Of<StreamingOutputCallRequest>, Of<StreamingOutputCallResponse>, true, true>;

/** The services of protos/test.proto, as load() gives them. */
export type Services = {
  readonly TestService: {
    readonly EmptyCall: Method<Empty, Empty, false, false>;
    readonly UnaryCall: Method<Of<SimpleRequest>, Of<SimpleResponse>, false, false>;
    readonly StreamingOutputCall: Method<Of<StreamingOutputCallRequest>, Of<StreamingOutputCallResponse>, false, true>;
    readonly StreamingInputCall: Method<Of<StreamingInputCallRequest>, Of<StreamingInputCallResponse>, true, false>;
    readonly FullDuplexCall: DuplexCall;
    readonly HalfDuplexCall: DuplexCall;
    readonly UnimplementedCall: Method<Empty, Empty, false, false>;
  };
  readonly UnimplementedService: { readonly UnimplementedCall: Method<Empty, Empty, false, false> };
};

/** Sizes that the test cases name, in bytes. */
export const LARGE_REQUEST = 271_828;
export const LARGE_RESPONSE = 314_159;
export const REQUEST_SIZES: readonly number[] = [27_182, 8, 1_828, 45_904];
export const RESPONSE_SIZES: readonly number[] = [31_415, 9, 2_653, 58_979];

/** Metadata that a server sends back, as headers the one and as trailers the other. */
export const ECHO_INITIAL = 'x-grpc-test-echo-initial';
export const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin';

export const STATUS: EchoStatus = { code: 2, message: 'test status message' };
export const SPECIAL_STATUS: EchoStatus = {
  code: 2,
  message: '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n',
};

export const testProto: URL = new URL('protos/test.proto', import.meta.url);

/** A payload of so many zeros. */
export function zeros(size: number): Payload {
  return { body: new Uint8Array(size) };
}
