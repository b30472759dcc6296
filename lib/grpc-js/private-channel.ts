import type { CallCredentials, Metadata, StatusObject } from '@grpc/grpc-js';

/** A client's channel, `internal-channel.js`: the members that are used. */
export interface PrivateChannel {
  /** The host that calls are sent to when they name none. */
  readonly defaultAuthority: string;
  readonly filterStackFactory: { createFilter(): PrivateFilter };
  /** What the service config says about a method. Ends the idle state of the channel. */
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

/** A call that finds its connection, `load-balancing-call.js`. It takes and gives message frames. */
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

/** How far a call came, `load-balancing-call.js`. */
export type Progress = 'NOT_STARTED' | 'DROP' | 'REFUSED' | 'PROCESSED';

/** A client's call with its attempts, each on a connection of its own, `retrying-call.js`. */
export interface PrivateRetryingCall {
  readonly channel: { getOptions(): Readonly<Record<string, unknown>> };
  /** No further attempt is made once it is COMMITTED, and requests that have been written are dropped. */
  readonly state: 'RETRY' | 'HEDGING' | 'TRANSPARENT_ONLY' | 'COMMITTED' | 'NO_RETRY';
  /** Of the service config. */
  readonly retryThrottler?: object | undefined;
  /** The attempts. */
  readonly underlyingCalls: readonly { readonly state: 'ACTIVE' | 'COMPLETED' }[];
  /** The requests that are kept, and the half-close. */
  readonly writeBuffer: readonly BufferedRequest[];
  getBufferEntry(index: number): BufferedRequest;
  commitCall(index: number): void;
  sendMessageWithContext(context: { callback?: () => void }, message: Buffer): void;
  /** An attempt has written a request. */
  handleChildWriteCompleted(index: number, messageIndex: number): void;
  /** An attempt has ended. */
  handleChildStatus(status: StatusObject & { readonly progress: Progress }, index: number): void;
  cancelWithStatus(code: number, details: string): void;
}

interface BufferedRequest {
  readonly message?: { readonly message: Buffer };
  /** It is in the retry buffer, and not only on its way. */
  readonly allocated: boolean;
  /** Called when it has been written. */
  callback?: (() => void) | undefined;
}

/** Decompresses the responses of a call and takes their prefixes off, `filter-stack.js`. */
export interface PrivateFilter {
  receiveMetadata(metadata: Metadata): Metadata;
  receiveMessage(frame: Buffer): Promise<Buffer>;
}

/** Frames the messages of a client's call and takes received frames apart, `compression-filter.js`. */
export interface PrivateCompressionFilter {
  new (
    channelOptions: object,
    sharedConfig: object,
  ): {
    readonly sendCompression: { writeMessage(message: Buffer, compress: boolean): Promise<Buffer> };
    /** One for each call. */
    readonly receiveCompression: { decompressMessage: Decompress; readMessage(frame: Buffer): Promise<Buffer> };
    receiveMetadata(metadata: Metadata): Metadata;
  };
}

export type Decompress = (message: Buffer) => Promise<Buffer>;

/** Makes the filter of each call of a channel, `compression-filter.js`. */
export interface PrivateFilterFactory {
  /** Those of the channel. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly sharedFilterConfig: object;
  createFilter(): object;
}

/** What `load-balancing-call.js` uses of a call on a connection. */
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
