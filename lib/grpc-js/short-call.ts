import { CallCredentials, type Client, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { Batch } from './batch-decoder.ts';
import type {
  LoadBalancingListener,
  PrivateCallConfig,
  PrivateChannel,
  PrivateFilter,
  PrivateLoadBalancingCall,
  Progress,
} from './private-channel.ts';
import { KEPT_BYTES } from './repeats-refused.ts';

type ChannelCall = ReturnType<ReturnType<Client['getChannel']>['createCall']>;
export type Listener = Parameters<ChannelCall['start']>[1];
type SendContext = Parameters<ChannelCall['sendMessageWithContext']>[0];

const PREFIX_BYTES = 5;
const COMPRESSED = 1;

/** The longest delay of a Node timer; with a longer one it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const noCredentials: CallCredentials = CallCredentials.createEmpty();

/** The options of a {@link ShortCall}. */
export interface ShortCallOptions {
  readonly path: string;
  readonly metadata: Metadata;
  /** Milliseconds since the epoch; Infinity when there is none. */
  readonly deadline: number;
  readonly host: string | undefined;
}

/** The channel of a call, with its memory for kept requests. */
export interface ShortCallOwner {
  readonly channel: PrivateChannel;
  /**
   * Reserves memory to keep a request for another attempt, until {@link drop}. Returns false when the limit is reached.
   */
  keep(bytes: number): boolean;
  drop(bytes: number): void;
}

/**
 * A call with one request, from its start to its status. It makes further attempts while no server has processed the
 * request.
 */
export class ShortCall implements LoadBalancingListener {
  readonly #owner: ShortCallOwner;
  readonly #config: PrivateCallConfig;
  readonly #options: ShortCallOptions;
  readonly #listener: Listener;
  readonly #startedAt: number = Date.now();
  #attempt!: PrivateLoadBalancingCall;
  #attemptStartedAt = 0;
  #attempts = 0;
  #isReading = false;
  /** The request, kept while another attempt is possible. */
  #kept: Buffer | undefined;
  #isHalfClosed = false;
  #isRefused = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;
  #encoding: string | undefined;
  #filter: PrivateFilter | undefined;
  #isFiltering = false;
  /** The status, held back while the response before it is being decompressed. */
  #status: StatusObject | undefined;

  constructor(owner: ShortCallOwner, config: PrivateCallConfig, options: ShortCallOptions, listener: Listener) {
    this.#owner = owner;
    this.#config = config;
    this.#options = options;
    this.#listener = listener;
    const { metadata, deadline } = options;
    metadata.set('grpc-accept-encoding', 'identity,deflate,gzip');
    metadata.set('accept-encoding', 'identity');
    metadata.remove('grpc-encoding');
    owner.channel.onCallStart();
    if (deadline !== Number.POSITIVE_INFINITY) this.#startTimer(deadline);
    this.#begin();
  }

  startRead(): void {
    this.#isReading = true;
    this.#attempt.startRead();
  }

  sendMessageWithContext(context: SendContext, message: Buffer): void {
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
    frame[0] = 0;
    frame.writeUInt32BE(message.byteLength, 1);
    message.copy(frame, PREFIX_BYTES);
    if (!this.#hasEnded && this.#owner.keep(frame.byteLength)) this.#kept = frame;
    // As in repeats-refused.ts: a server that refuses a stream has not accepted more bytes of it.
    const written = frame.byteLength > KEPT_BYTES ? { callback: () => this.#dropKept() } : {};
    this.#attempt.sendMessageWithContext(written, frame);
    context.callback?.();
  }

  halfClose(): void {
    this.#isHalfClosed = true;
    this.#attempt.halfClose();
  }

  cancelWithStatus(code: number, details: string): void {
    this.#end({ code, details, metadata: new Metadata() });
    this.#attempt.cancelWithStatus(code, details);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#dropKept();
    const [encoding] = metadata.get('grpc-encoding');
    this.#encoding = encoding?.toString();
    metadata.remove('grpc-encoding');
    metadata.remove('grpc-accept-encoding');
    this.#listener.onReceiveMetadata(metadata);
  }

  onReceiveMessage(frame: Buffer | Batch): void {
    this.#dropKept();
    if (frame instanceof Batch) this.#listener.onReceiveMessage(frame);
    else if (frame[0] === COMPRESSED) this.#decompress(frame);
    else this.#listener.onReceiveMessage(frame.subarray(PREFIX_BYTES));
  }

  onReceiveStatus({ code, details, metadata, progress }: StatusObject & { readonly progress: Progress }): void {
    if (this.#hasEnded) return;
    // One turn later, grpc-js has read a GOAWAY that came with the refusal and does not pick the same connection.
    if (this.#mayBeginAgain(progress)) setImmediate(() => this.#beginAgain());
    else if (this.#isFiltering) this.#status = { code, details, metadata };
    else this.#end({ code, details, metadata });
  }

  #begin(): void {
    const { path, metadata, deadline, host } = this.#options;
    const { channel } = this.#owner;
    this.#attempts++;
    this.#attemptStartedAt = Date.now();
    const authority = host ?? channel.defaultAuthority;
    this.#attempt = channel.createLoadBalancingCall(this.#config, path, authority, noCredentials, deadline);
    this.#attempt.start(metadata, this);
  }

  /**
   * Whether to make another attempt, which is safe while no server has processed the call. Only the first refusal by a
   * server is repeated: the request has left this process.
   */
  #mayBeginAgain(progress: Progress): boolean {
    if (this.#kept === undefined) return false;
    if (progress === 'NOT_STARTED') return true;
    const isFirst = progress === 'REFUSED' && !this.#isRefused;
    if (isFirst) this.#isRefused = true;
    return isFirst;
  }

  #beginAgain(): void {
    if (this.#hasEnded) return;
    this.#begin();
    if (this.#isReading) this.#attempt.startRead();
    this.#attempt.sendMessageWithContext({}, this.#kept!);
    if (this.#isHalfClosed) this.#attempt.halfClose();
  }

  #dropKept(): void {
    if (this.#kept === undefined) return;
    this.#owner.drop(this.#kept.byteLength);
    this.#kept = undefined;
  }

  #end(ending: StatusObject): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#dropKept();
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#owner.channel.onCallEnd(ending);
    // Deferred, because grpc-js still has to clean up, and the caller may be inside its own cancellation.
    process.nextTick(() => this.#listener.onReceiveStatus(ending));
  }

  #decompress(frame: Buffer): void {
    this.#filter ??= this.#newFilter();
    this.#isFiltering = true;
    this.#filter.receiveMessage(frame).then(
      message => {
        this.#isFiltering = false;
        this.#listener.onReceiveMessage(message);
        if (this.#status !== undefined) this.#end(this.#status);
      },
      ({ code, details }: StatusObject) => this.cancelWithStatus(code, details),
    );
  }

  #newFilter(): PrivateFilter {
    const filter = this.#owner.channel.filterStackFactory.createFilter();
    const headers = new Metadata();
    if (this.#encoding !== undefined) headers.set('grpc-encoding', this.#encoding);
    filter.receiveMetadata(headers);
    return filter;
  }

  #startTimer(deadline: number): void {
    const passed = () => this.cancelWithStatus(status.DEADLINE_EXCEEDED, this.#deadlineDetails);
    const timeoutMs = deadline - this.#startedAt;
    if (timeoutMs <= 0) process.nextTick(passed);
    else if (timeoutMs <= MAX_TIMER_MS) this.#timer = setTimeout(passed, timeoutMs);
  }

  /** The same text as grpc-js's. */
  get #deadlineDetails(): string {
    const started = this.#startedAt;
    const info = [`Deadline exceeded after ${secondsBetween(started, Date.now())}`];
    if (this.#attempts > 1) info.push(`previous attempts: ${this.#attempts - 1}`);
    if (this.#attemptStartedAt > started) {
      info.push(`time to current attempt start: ${secondsBetween(started, this.#attemptStartedAt)}`);
    }
    return [...info, ...this.#attempt.getDeadlineInfo()].join(',');
  }
}

function secondsBetween(startMs: number, endMs: number): string {
  return `${((endMs - startMs) / 1000).toFixed(3)}s`;
}
