import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { ClientChannel, ClientListener, FinalStatus } from '../call/message-channel.ts';
import { type JoinedMessages, MessageStream, type Writing } from '../call/message-stream.ts';
import type { OpenOptions } from '../call/transport.ts';
import { giveBack } from '../codec/buffer-pool.ts';
import { keepsNothing } from '../codec/received.ts';
import type { Method } from '../core/method.ts';
import { askForBatches } from './batch.ts';
import { Batch } from './batch-decoder.ts';
import type { Channel } from './connectivity.ts';
import { explained, foreignType } from './content-type.ts';
import { Joined } from './joined.ts';
import type { ShortCall } from './short-call.ts';
import type { ShortCalls } from './short-calls.ts';
import { listenForStream } from './waits-for-place.ts';

/**
 * The limits beyond HTTP/2's windows. grpc-js writes one message of a call at a time, and has no public option for more; so these
 * writes are larger than those of a server, which can have several under way.
 */
const one: Writing = { maxMessages: 256, maxBytes: 19 * 1024, minMessages: 2, maxWrites: 1, join: undefined };
const joined: Writing = { ...one, join: expectedBytes => new Joined(expectedBytes) };

export interface GrpcCallOptions {
  /** Whether several messages may be one write. */
  readonly isJoining: boolean;
  /** Whether messages that arrive together are received together. */
  readonly isBatching: boolean;
  /** For calls with one request that may skip layers of grpc-js. */
  readonly shortCalls: ShortCalls | undefined;
}

/** A call on a channel of grpc-js, without the streams and interceptors of its Client. It requests a message when it has room for it. */
export class GrpcClientChannel extends MessageStream implements ClientChannel {
  readonly #call: ReturnType<Channel['createCall']> | ShortCall;
  readonly #keepsNothing: boolean;
  #listener: ClientListener | undefined;
  #foreignType: string | undefined;

  constructor(
    channel: Channel,
    method: Method,
    options: OpenOptions,
    listener: ClientListener,
    callOptions: GrpcCallOptions,
  ) {
    const { isJoining, isBatching, shortCalls } = callOptions;
    super(isJoining ? joined : one);
    const { path, responseStream, responseDeserialize } = method;
    const { metadata, deadline = Number.POSITIVE_INFINITY, host, credentials } = options;
    this.#listener = listener;
    this.#keepsNothing = keepsNothing(responseDeserialize);
    if (isBatching && responseStream) askForBatches(metadata);
    listenForStream(metadata, isWaiting => this.#listener?.onStreamWait(isWaiting));
    const isShort = shortCalls !== undefined && !method.requestStream && credentials === undefined;
    const short = isShort ? shortCalls.open({ path, metadata, deadline, host }, this) : undefined;
    this.#call = short ?? this.#startCall(channel, method, options);
  }

  #startCall(channel: Channel, { path }: Method, options: OpenOptions): ReturnType<Channel['createCall']> {
    const { metadata, deadline = Number.POSITIVE_INFINITY, host, credentials } = options;
    const call = channel.createCall(path, deadline, host, null, undefined);
    if (credentials !== undefined) call.setCredentials(credentials);
    call.start(metadata, this);
    return call;
  }

  finish(): void {
    this.flush(() => this.#call.halfClose());
  }

  /**
   * grpc-js loses a cancellation that comes in the turn of the start: a promise later it creates the call that should have been
   * cancelled, and nothing ever ends that one. A second cancellation, a turn later, does.
   */
  cancel({ code, details }: Omit<FinalStatus, 'metadata'>): void {
    const cancel = () => this.#call.cancelWithStatus(code, details);
    cancel();
    setImmediate(cancel);
    this.#listener = undefined;
    this.drop();
  }

  onReceiveMetadata(headers: Metadata): void {
    this.#foreignType = foreignType(headers);
    this.#listener?.onHeaders(headers);
  }

  onReceiveMessage(message: Buffer | Batch): void {
    if (message instanceof Batch) this.takeRow(this.#keepsNothing ? message : message.copying());
    else this.take(message);
  }

  onReceiveStatus(status: StatusObject): void {
    const listener = this.#listener;
    // The HTTP/2 stream, which refers to this channel, lives until V8's next large collection. The call should not live as long.
    this.#listener = undefined;
    this.close();
    listener?.onEnd(this.#foreignType === undefined ? status : explained(status, this.#foreignType));
  }

  protected override ask(): void {
    this.#call.startRead();
  }

  protected override arrived(): void {
    this.#listener?.onMessages();
  }

  protected override give(write: Buffer | JoinedMessages, written: () => void): void {
    const callback = () => {
      giveBack(write); // it has been copied into its frame
      written();
    };
    this.#call.sendMessageWithContext({ callback }, write as Buffer);
  }
}
