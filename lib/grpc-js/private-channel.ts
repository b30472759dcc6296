import type { CallCredentials, Metadata, StatusObject } from '@grpc/grpc-js';

/** A client's channel, `internal-channel.js`: the members that this library uses. */
export interface PrivateChannel {
  /** The host of calls that name none. */
  readonly defaultAuthority: string;
  readonly filterStackFactory: { createFilter(): PrivateFilter };
  /** The service config of a method. The call ends the idle state of the channel. */
  getConfig(path: string, metadata: Metadata): { readonly type: string; readonly config?: PrivateCallConfig };
  createLoadBalancingCall(
    config: PrivateCallConfig,
    path: string,
    host: string,
    credentials: CallCredentials,
    deadline: number,
    callNumber?: number,
  ): PrivateLoadBalancingCall;
  createRetryingCall(...args: Parameters<PrivateChannel['createLoadBalancingCall']>): PrivateRetryingCall;
  onCallStart(): void;
  onCallEnd(status: StatusObject): void;
}

export interface PrivateCallConfig {
  readonly status: number;
  readonly methodConfig: { readonly timeout?: object };
  readonly dynamicFilterFactories: readonly object[];
  readonly onCommitted?: () => void;
}

/** A call that picks its connection, `load-balancing-call.js`. It sends and receives message frames. */
export interface PrivateLoadBalancingCall
  extends Pick<
    SubchannelCall,
    'startRead' | 'sendMessageWithContext' | 'halfClose' | 'cancelWithStatus' | 'getDeadlineInfo'
  > {
  start(metadata: Metadata, listener: LoadBalancingListener): void;
}

export interface LoadBalancingListener {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(frame: Buffer): void;
  onReceiveStatus(status: StatusObject & { readonly progress: Progress }): void;
}

/** How far a call got, `load-balancing-call.js`. */
export type Progress = 'NOT_STARTED' | 'DROP' | 'REFUSED' | 'PROCESSED';

/** A client's call with its attempts, each on a connection of its own, `retrying-call.js`. */
export interface PrivateRetryingCall {
  readonly channel: { getOptions(): Readonly<Record<string, unknown>> };
  /** Once it is COMMITTED, the call makes no further attempt and drops the requests that have been written. */
  readonly state: 'RETRY' | 'HEDGING' | 'TRANSPARENT_ONLY' | 'COMMITTED' | 'NO_RETRY';
  /** From the service config. */
  readonly retryThrottler?: object | undefined;
  /** The attempts. */
  readonly underlyingCalls: readonly { readonly state: 'ACTIVE' | 'COMPLETED' }[];
  /** The buffered requests, and the half-close. */
  readonly writeBuffer: readonly BufferedRequest[];
  getBufferEntry(index: number): BufferedRequest;
  commitCall(index: number): void;
  sendMessageWithContext(context: { callback?: () => void }, message: Buffer): void;
  /** Called when an attempt has written a request. */
  handleChildWriteCompleted(index: number, messageIndex: number): void;
  /** Called when an attempt has ended. */
  handleChildStatus(status: StatusObject & { readonly progress: Progress }, index: number): void;
  cancelWithStatus(code: number, details: string): void;
}

interface BufferedRequest {
  readonly message?: { readonly message: Buffer };
  /** Whether the request is in the retry buffer; if not, it is only being written. */
  readonly allocated: boolean;
  /** Called when the request has been written. */
  callback?: (() => void) | undefined;
}

/** Decompresses the responses of a call and removes their prefixes, `filter-stack.js`. */
export interface PrivateFilter {
  receiveMetadata(metadata: Metadata): Metadata;
  receiveMessage(frame: Buffer): Promise<Buffer>;
}

/** Frames the requests of a client's call and unframes its responses, `compression-filter.js`. */
export interface PrivateCompressionFilter {
  new (
    channelOptions: object,
    sharedConfig: object,
  ): {
    readonly sendCompression: { writeMessage(message: Buffer, compress: boolean): Promise<Buffer> };
    /** Each call has its own. */
    readonly receiveCompression: { decompressMessage: Decompress; readMessage(frame: Buffer): Promise<Buffer> };
    receiveMetadata(metadata: Metadata): Metadata;
  };
}

export type Decompress = (message: Buffer) => Promise<Buffer>;

/** Creates the filter of each call of a channel, `compression-filter.js`. */
export interface PrivateFilterFactory {
  /** The options of the channel. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly sharedFilterConfig: object;
  createFilter(): object;
}

/** The members of a call on a connection that `load-balancing-call.js` uses. */
export interface SubchannelCall {
  startRead(): void;
  sendMessageWithContext(context: { callback?: (error?: Error | null) => void }, message: Buffer): void;
  halfClose(): void;
  cancelWithStatus(code: number, details: string): void;
  getPeer(): string;
  getCallNumber(): number;
  getAuthContext(): object;
  getDeadlineInfo(): string[];
}
