import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { Inbox } from '../flow/inbox.ts';
import { Outbox, type Writing } from '../flow/outbox.ts';
import type { InFlight, Taken } from '../flow/send.ts';
import { join } from '../grpc-js/join.ts';
import type { Method } from '../rpc.ts';
import { Code } from '../status.ts';
import type { Channel } from './connectivity.ts';
import { explained, foreignType } from './content-type.ts';
import type { ClientStream, OpenOptions } from './transport.ts';

type GrpcCall = ReturnType<Channel['createCall']>;

/** Messages given to a call and not yet on the wire; half of them may be one write, so that the others are made meanwhile. */
const IN_FLIGHT: InFlight = { maxMessages: 256, maxBytes: 24 * 1024, minMessages: 2 };

/**
 * A call of grpc-js without the streams and interceptors that a Client of it puts before one: a message is asked for when there
 * is room, and there is one write at a time.
 */
export class DirectCall extends Inbox implements ClientStream {
  readonly inFlightLimits: InFlight = IN_FLIGHT;
  readonly #call: GrpcCall;
  readonly #outbox: Outbox;
  #onMetadata: ((headers: Metadata) => void) | undefined;
  #onStatus: ((status: StatusObject) => void) | undefined;
  #foreignType: string | undefined;
  #hasStatus = false;

  /** @param isJoining whether several messages may be one write. */
  constructor(channel: Channel, { path }: Method, options: OpenOptions, isJoining: boolean) {
    super();
    const { metadata, deadline = Number.POSITIVE_INFINITY, host, credentials } = options;
    const call = channel.createCall(path, deadline, host, null, undefined);
    this.#call = call;
    this.#outbox = new Outbox({
      write: (message, callback) => call.sendMessageWithContext({ callback }, message),
      maxWrites: 1,
      join: isJoining ? join : undefined,
      maxJoinedMessages: IN_FLIGHT.maxMessages / 2,
      maxJoinedBytes: IN_FLIGHT.maxBytes / 2,
    } satisfies Writing);
    if (credentials !== undefined) call.setCredentials(credentials);
    call.start(metadata, this);
  }

  write(message: Buffer, taken: Taken): void {
    this.#outbox.write(message, taken);
  }

  end(): void {
    this.#outbox.flush(() => this.#call.halfClose());
  }

  /**
   * grpc-js loses a cancellation that comes in the turn of the start: a promise later it makes the very thing that had to be
   * cancelled, and nothing ever ends that. A second one, a turn later, does.
   */
  cancel(): void {
    const cancel = () => this.#call.cancelWithStatus(Code.CANCELLED as number, 'Cancelled on client');
    cancel();
    setImmediate(cancel);
  }

  override on(event: string, listener: (...args: any[]) => void): void {
    if (event === 'status') this.#onStatus = listener;
    else if (event === 'metadata') this.#onMetadata = listener;
    else super.on(event, listener);
  }

  protected override ask(): void {
    this.#call.startRead();
  }

  onReceiveMetadata(headers: Metadata): void {
    this.#foreignType = foreignType(headers);
    this.#onMetadata?.(headers);
  }

  onReceiveMessage(message: Buffer): void {
    this.take(message);
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#hasStatus) return;
    this.#hasStatus = true;
    this.#onStatus?.(this.#foreignType === undefined ? status : explained(status, this.#foreignType));
    this.close();
  }
}
