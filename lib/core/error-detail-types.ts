import type {
  BadRequest,
  BadRequest_FieldViolation,
  BadRequestInit,
  DebugInfo,
  DebugInfoInit,
  ErrorInfo,
  ErrorInfoInit,
  Help,
  Help_Link,
  HelpInit,
  LocalizedMessage,
  LocalizedMessageInit,
  PreconditionFailure,
  PreconditionFailure_Violation,
  PreconditionFailureInit,
  QuotaFailure,
  QuotaFailure_Violation,
  QuotaFailureInit,
  RequestInfo,
  RequestInfoInit,
  ResourceInfo,
  ResourceInfoInit,
  RetryInfo,
  RetryInfoInit,
} from '../google/rpc/error_details.ts';

export type {
  BadRequest,
  BadRequest_FieldViolation as FieldViolation,
  DebugInfo,
  ErrorInfo,
  Help,
  Help_Link as HelpLink,
  LocalizedMessage,
  PreconditionFailure,
  PreconditionFailure_Violation as PreconditionViolation,
  QuotaFailure,
  QuotaFailure_Violation as QuotaViolation,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
};

/** What google.rpc defines for errors, as it is read: every field present. {@link RichDetailInput} is the same for writing. */
export interface RichDetailTypes {
  readonly errorInfo: ErrorInfo;
  readonly retryInfo: RetryInfo;
  readonly debugInfo: DebugInfo;
  readonly quotaFailure: QuotaFailure;
  readonly preconditionFailure: PreconditionFailure;
  readonly badRequest: BadRequest;
  readonly requestInfo: RequestInfo;
  readonly resourceInfo: ResourceInfo;
  readonly help: Help;
  readonly localizedMessage: LocalizedMessage;
  readonly unknown: UnknownDetail;
}

interface RichDetailInits {
  readonly errorInfo: ErrorInfoInit;
  readonly retryInfo: RetryInfoInit;
  readonly debugInfo: DebugInfoInit;
  readonly quotaFailure: QuotaFailureInit;
  readonly preconditionFailure: PreconditionFailureInit;
  readonly badRequest: BadRequestInit;
  readonly requestInfo: RequestInfoInit;
  readonly resourceInfo: ResourceInfoInit;
  readonly help: HelpInit;
  readonly localizedMessage: LocalizedMessageInit;
  readonly unknown: UnknownDetail;
}

/** One rich detail of an error that was received: a tagged union, which `case` narrows. */
export type RichDetail = {
  readonly [K in keyof RichDetailTypes]: { readonly case: K; readonly value: RichDetailTypes[K] };
}[keyof RichDetailTypes];

/** One rich detail to send: every field may be absent or undefined, and a 64-bit integer may be a safe number. */
export type RichDetailInput = {
  readonly [K in keyof RichDetailInits]: { readonly case: K; readonly value: RichDetailInits[K] };
}[keyof RichDetailInits];

/** A detail of any other type, or one that cannot be decoded: the google.protobuf.Any that carries it. */
export interface UnknownDetail {
  /** Ends in a slash and the full name of the message: `type.googleapis.com/users.Locked`. */
  readonly typeUrl: string;
  /** The message, encoded. */
  readonly value: Uint8Array;
}
