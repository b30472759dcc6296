import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { Fifo } from '../flow/fifo.ts';

/** Messages of one call that HTTP/2 may be given and has not yet taken: so many, and so many bytes, then we wait. */
const MAX_MESSAGES = 64;
const MAX_BYTES = 8 * 1024;

/** Messages that grpc-js's stream is given meanwhile; with 8 of 1 KiB they are as many as without this. */
export const MAX_MESSAGES_BEHIND = 4;

/** How the services of this library give their responses: as bytes. By it they are told from others. */
export const rawResponse = (bytes: Buffer): Buffer => bytes;

/**
 * Lets HTTP/2 have several messages of a call at once, within bounds: it then needs one turn of the event loop and a few
 * system calls for all of them. grpc-js alone hands over the next message when the one before is on the wire; here it is told
 * so early, and when the bounds are reached not before there is room.
 *
 * It stands next to grpc-js's own call, which takes messages in a row; an interceptor has place for one (so it does nothing
 * where the credentials bring one). A message that grpc-js would refuse is not told early: the call must get its status first.
 *
 * @param maxMessageBytes the server's `grpc.max_send_message_length`; -1 is no limit.
 */
export function writeAhead(maxMessageBytes = -1): ServerInterceptor {
  const largest = maxMessageBytes === -1 ? Number.POSITIVE_INFINITY : maxMessageBytes;
  return ({ responseSerialize }, call) => {
    const isOurs = responseSerialize === rawResponse && !(call instanceof ServerInterceptingCall);
    return isOurs ? new WriteAhead(call, largest) : new ServerInterceptingCall(call);
  };
}

/** What goes through is not looked at but messages, so it is passed on without the detours of the class above. */
class WriteAhead extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #largest: number;
  readonly #sizes = new Fifo<number>();
  #bytes = 0;
  /** Tells grpc-js's stream, which has one message under way, to go on. */
  #goOn: (() => void) | undefined;

  constructor(call: ServerInterceptingCallInterface, largest: number) {
    super(call);
    this.#call = call;
    this.#largest = largest;
  }

  override start(listener: Parameters<ServerInterceptingCallInterface['start']>[0]): void {
    this.#call.start(listener);
  }

  override sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, goOn: () => void): void {
    if (!Buffer.isBuffer(message) || message.byteLength > this.#largest) {
      this.#call.sendMessage(message, goOn);
      return;
    }
    this.#sizes.push(message.byteLength);
    this.#bytes += message.byteLength;
    this.#goOn = goOn;
    this.#call.sendMessage(message, this.#taken);
    this.#askForMore();
  }

  override sendStatus(status: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    this.#call.sendStatus(status);
  }

  /** Not called for a message that could not be written: then the call ends. */
  readonly #taken = (): void => {
    this.#bytes -= this.#sizes.shift()!;
    this.#askForMore();
  };

  #askForMore(): void {
    if (this.#sizes.size >= MAX_MESSAGES || this.#bytes >= MAX_BYTES) return;
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }
}
