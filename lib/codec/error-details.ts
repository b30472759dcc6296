/**
 * What google.rpc defines for errors, as it is read: every field present. {@link RichDetailInput} is the same for writing.
 *
 * Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */
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

/** One rich detail of an error that was received: a tagged union, which `case` narrows. */
export type RichDetail = {
  readonly [K in keyof RichDetailTypes]: { readonly case: K; readonly value: RichDetailTypes[K] };
}[keyof RichDetailTypes];

/** One rich detail to send: every field may be absent or undefined, and a 64-bit integer may be a safe number. */
export type RichDetailInput = {
  readonly [K in keyof RichDetailTypes]: {
    readonly case: K;
    readonly value: K extends 'unknown' ? UnknownDetail : InputOf<RichDetailTypes[K]>;
  };
}[keyof RichDetailTypes];

type InputOf<T> = T extends bigint
  ? bigint | number
  : T extends readonly (infer E)[]
    ? readonly InputOf<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: InputOf<T[K]> | undefined }
      : T;

/** Why, for a program to act on. */
export interface ErrorInfo {
  /** In capitals, of at most 63 characters: `OUT_OF_STOCK`. */
  readonly reason: string;
  /** Whose reasons these are: `users.example.com`. */
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How long to wait before the next try. */
export interface RetryInfo {
  readonly retryDelay: { readonly seconds: bigint; readonly nanos: number } | undefined;
}

/** For developers. It crosses the wire as it is: not for callers who are not to see how the server works. */
export interface DebugInfo {
  readonly stackEntries: readonly string[];
  readonly detail: string;
}

/** Which quotas are used up. */
export interface QuotaFailure {
  readonly violations: readonly QuotaViolation[];
}

export interface QuotaViolation {
  /** Whose quota: `clientip:192.0.2.1`, `project:users`. */
  readonly subject: string;
  readonly description: string;
  /** The service whose quota it is, where that is not the one which was called. */
  readonly apiService: string;
  readonly quotaMetric: string;
  readonly quotaId: string;
  readonly quotaDimensions: Readonly<Record<string, string>>;
  readonly quotaValue: bigint;
  /** The value that is on its way; undefined when none is. */
  readonly futureQuotaValue: bigint | undefined;
}

/** What has to be otherwise before the call can succeed. */
export interface PreconditionFailure {
  readonly violations: readonly PreconditionViolation[];
}

export interface PreconditionViolation {
  /** A kind of the service's own: `TOS`. */
  readonly type: string;
  readonly subject: string;
  readonly description: string;
}

/** Which fields of the request are wrong. */
export interface BadRequest {
  readonly fieldViolations: readonly FieldViolation[];
}

export interface FieldViolation {
  /** The path to the field, as in the .proto: `email_addresses[1].email`. */
  readonly field: string;
  readonly description: string;
  /** In capitals, of at most 63 characters, one of those of the {@link ErrorInfo}'s domain. */
  readonly reason: string;
  readonly localizedMessage: LocalizedMessage | undefined;
}

/** What to say when the error is reported. */
export interface RequestInfo {
  readonly requestId: string;
  readonly servingData: string;
}

/** What was to be used. */
export interface ResourceInfo {
  readonly resourceType: string;
  readonly resourceName: string;
  readonly owner: string;
  readonly description: string;
}

/** Where to read on. */
export interface Help {
  readonly links: readonly HelpLink[];
}

export interface HelpLink {
  readonly description: string;
  readonly url: string;
}

/** A text for the user. */
export interface LocalizedMessage {
  /** As in BCP 47: `en-US`. */
  readonly locale: string;
  readonly message: string;
}

/** A detail of any other type, or one that cannot be decoded: the google.protobuf.Any that carries it. */
export interface UnknownDetail {
  /** Ends in a slash and the full name of the message: `type.googleapis.com/users.Locked`. */
  readonly typeUrl: string;
  /** The message, encoded. */
  readonly value: Uint8Array;
}
