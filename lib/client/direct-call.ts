import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { type JoinedMessages, MessageStream, type Writing } from '../call/message-stream.ts';
import { giveBack } from '../codec/buffer-pool.ts';
import { keepsNothing } from '../codec/received.ts';
import type { Method } from '../core/method.ts';
import { Code } from '../core/status.ts';
import { askForBatches } from '../grpc-js/batch.ts';
import { Batch } from '../grpc-js/batch-decoder.ts';
import { Joined } from '../grpc-js/joined.ts';
import type { ShortCall } from '../grpc-js/short-call.ts';
import type { ShortCalls } from '../grpc-js/short-calls.ts';
import { listenForStream } from '../grpc-js/waits-for-place.ts';
import type { Channel } from './connectivity.ts';
import { explained, foreignType } from './content-type.ts';
import type { ClientStream, OpenOptions } from './transport.ts';

/**
 * Beyond what is in HTTP/2's windows. grpc-js writes one message of a call at a time, and no public means changes that; so its writes
 * are larger than those of a server, of which several can be under way.
 */
const one: Writing = { maxMessages: 256, maxBytes: 19 * 1024, minMessages: 2, maxWrites: 1, join: undefined };
const joined: Writing = { ...one, join: expectedBytes => new Joined(expectedBytes) };

export interface DirectOptions {
  /** Whether several messages may be one write. */
  readonly isJoining: boolean;
  /** Whether messages that arrive together are received together. */
  readonly isBatching: boolean;
  /** For calls with one request that may skip layers of grpc-js. */
  readonly shortCalls: ShortCalls | undefined;
}

/**
 * A call of grpc-js without the streams and interceptors that a Client of it puts before one: a message is asked for when there
 * is room for it.
 */
export class DirectCall extends MessageStream implements ClientStream {
  readonly #call: ReturnType<Channel['createCall']> | ShortCall;
  readonly #keepsNothing: boolean;
  #onMetadata: ((headers: Metadata) => void) | undefined;
  #onStatus: ((status: StatusObject) => void) | undefined;
  #onWaits: ((isWaiting: boolean) => void) | undefined;
  #foreignType: string | undefined;

  constructor(channel: Channel, method: Method, options: OpenOptions, directOptions: DirectOptions) {
    const { isJoining, isBatching, shortCalls } = directOptions;
    super(isJoining ? joined : one);
    const { path, responseStream, responseDeserialize } = method;
    const { metadata, deadline = Number.POSITIVE_INFINITY, host, credentials } = options;
    this.#keepsNothing = keepsNothing(responseDeserialize);
    if (isBatching && responseStream) askForBatches(metadata);
    listenForStream(metadata, isWaiting => this.#onWaits?.(isWaiting));
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

  end(): void {
    this.flush(() => this.#call.halfClose());
  }

  /**
   * grpc-js loses a cancellation that comes in the turn of the start: a promise later it makes the very thing that had to be
   * cancelled, and nothing ever ends that. A second one, a turn later, does.
   */
  cancel(): void {
    const cancel = () => this.#call.cancelWithStatus(Code.CANCELLED as number, 'Cancelled on client');
    cancel();
    setImmediate(cancel);
    this.#letGo();
    this.drop();
  }

  override on(event: string, listener: (...args: any[]) => void): void {
    if (event === 'status') this.#onStatus = listener;
    else if (event === 'metadata') this.#onMetadata = listener;
    else if (event === 'waits') this.#onWaits = listener;
    else super.on(event, listener);
  }

  onReceiveMetadata(headers: Metadata): void {
    this.#foreignType = foreignType(headers);
    this.#onMetadata?.(headers);
  }

  onReceiveMessage(message: Buffer | Batch): void {
    if (message instanceof Batch) this.takeRow(this.#keepsNothing ? message : message.copying());
    else this.take(message);
  }

  onReceiveStatus(status: StatusObject): void {
    try {
      this.#onStatus?.(this.#foreignType === undefined ? status : explained(status, this.#foreignType));
    } finally {
      // What tears down request$ is told of by the status, and may throw.
      this.#letGo();
      this.close();
    }
  }

  protected override ask(): void {
    this.#call.startRead();
  }

  protected override give(write: Buffer | JoinedMessages, written: () => void): void {
    const callback = () => {
      giveBack(write); // it has been copied into its frame
      written();
    };
    this.#call.sendMessageWithContext({ callback }, write as Buffer);
  }

  /** The HTTP/2 stream, on which this hangs, lives until V8's next large collection: what is over should not hang on it. */
  #letGo(): void {
    this.#onStatus = undefined;
    this.#onMetadata = undefined;
    this.#onWaits = undefined;
  }
}
