import { constants } from 'node:http2';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import {
  type CreateCallArguments,
  isWholeTransport,
  type PrivateClientCall,
  type PrivateSubchannel,
  type WholeTransport,
} from './private.ts';
import type { SubchannelCall } from './private-channel.ts';
import { StreamPlaces, type Waiting } from './stream-places.ts';

/** Called with true when a call starts to wait for a stream, and with false when it gets a stream or ends. */
type StreamListener = (isWaiting: boolean) => void;

/**
 * Metadata option that holds the {@link StreamListener} of a call. grpc-js passes it on with every copy of the
 * Metadata. All copies of this library in a process share the symbol, since any of them may have applied the patch.
 */
const listenerKey: unique symbol = Symbol.for('rx-grpc.streamListener') as never;

/** Sets the listener of the call that is started with this Metadata. */
export function listenForStream(metadata: Metadata, listener: StreamListener): void {
  metadata.setOptions({ ...metadata.getOptions(), [listenerKey]: listener } as ReturnType<Metadata['getOptions']>);
}

/**
 * Makes a call wait for a place on its connection before its stream is opened, not after.
 *
 * Problem: grpc-js opens a stream for each call and leaves the waiting to nghttp2, which sends the HEADERS of the next
 * call right behind the frame that ends another one. A Node server, since version 22, frees the stream of a reset only
 * after reading everything that came with it. It then counts one stream too many and resets the waiting call with
 * ENHANCE_YOUR_CALM. The call ends with RESOURCE_EXHAUSTED ("Bandwidth exhausted or memory limit exceeded"), although
 * it never began. 100 of them in a row end the connection.
 * Upstream: none found, for grpc-node or Node.
 * Fix: {@link StreamPlaces} counts the streams, and frees a place only when the server must know that it is free. A
 * waiting call was never sent, so grpc-js starts it again on another connection when its own is lost or gets GOAWAY, as
 * if the server had refused it.
 * Remove it when spec/grpc-js/waits-for-place.spec.ts passes without it on Node 22 and later.
 */
export const waitsForPlace: Patch = {
  name: 'waits-for-place',
  without:
    'where a server limits the streams of a connection, a call that waits for one may end with RESOURCE_EXHAUSTED',
  shape: {
    subchannel: { methods: { createCall: 'any' }, properties: ['transport'] },
    clientCall: {
      methods: {
        startRead: 0,
        sendMessageWithContext: 2,
        halfClose: 0,
        cancelWithStatus: 2,
        getPeer: 0,
        getCallNumber: 0,
        getAuthContext: 0,
        getDeadlineInfo: 0,
      },
      properties: ['http2Stream'],
    },
  },
  apply: ({ subchannel }) => waitForStreams(subchannel),
};

function waitForStreams(proto: PrivateSubchannel): void {
  const { createCall } = proto;
  proto.createCall = function (this: PrivateSubchannel, ...args: unknown[]): unknown {
    const { transport } = this;
    if (transport === null || !isAdjusted({ transport }) || !isWholeTransport(transport)) {
      return createCall.apply(this, args);
    }
    if (!StreamPlaces.isLimited(transport.session)) return createCall.apply(this, args);
    const places = placesOn(transport);
    const begin = () => {
      if (this.transport !== transport) throw new Error('the connection is gone');
      const call = createCall.apply(this, args) as PrivateClientCall;
      places.take(call.http2Stream);
      return call;
    };
    return places.hasPlace ? begin() : new WaitingCall(transport, places, begin, args as CreateCallArguments);
  };
}

const allPlaces = new WeakMap<WholeTransport, StreamPlaces>();

function placesOn(transport: WholeTransport): StreamPlaces {
  let places = allPlaces.get(transport);
  if (places === undefined) {
    const made = new StreamPlaces(transport.session);
    transport.addDisconnectListener(() => made.refuseAll());
    allPlaces.set(transport, made);
    places = made;
  }
  return places;
}

/** Stands in for a call until the call has a stream. */
class WaitingCall implements SubchannelCall, Waiting {
  readonly #transport: WholeTransport;
  readonly #places: StreamPlaces;
  readonly #begin: () => SubchannelCall;
  readonly #listener: CreateCallArguments[3];
  readonly #streamListener: StreamListener | undefined;
  readonly #callNumber: number;
  #call: SubchannelCall | undefined;
  #hasEnded = false;
  #isReadAsked = false;
  /** At most one, because grpc-js sends the next message only after this one was written. */
  #message: Parameters<SubchannelCall['sendMessageWithContext']> | undefined;
  #isHalfClosed = false;

  constructor(
    transport: WholeTransport,
    places: StreamPlaces,
    begin: () => SubchannelCall,
    [metadata, , , listener, callNumber]: CreateCallArguments,
  ) {
    this.#transport = transport;
    this.#places = places;
    this.#begin = begin;
    this.#listener = listener;
    this.#callNumber = callNumber;
    this.#streamListener = (metadata.getOptions() as { [listenerKey]?: StreamListener })[listenerKey];
    transport.addActiveCall(this);
    this.#streamListener?.(true);
    places.wait(this);
  }

  begin(): void {
    if (this.#hasEnded) return;
    let call: SubchannelCall;
    try {
      call = this.#begin();
    } catch {
      this.refuse();
      return;
    }
    this.#call = call;
    this.#stopWaiting();
    if (this.#isReadAsked) call.startRead();
    if (this.#message !== undefined) call.sendMessageWithContext(...this.#message);
    this.#message = undefined;
    if (this.#isHalfClosed) call.halfClose();
  }

  onDisconnect(): void {
    this.refuse();
  }

  /** The reset code tells grpc-js that the server has not seen the call. */
  refuse(): void {
    this.#end({
      code: status.UNAVAILABLE,
      details: 'Connection dropped while the call waited for a stream',
      metadata: new Metadata(),
      rstCode: constants.NGHTTP2_REFUSED_STREAM,
    });
  }

  startRead(): void {
    if (this.#call === undefined) this.#isReadAsked = true;
    else this.#call.startRead();
  }

  sendMessageWithContext(...message: Parameters<SubchannelCall['sendMessageWithContext']>): void {
    if (this.#call === undefined) this.#message = message;
    else this.#call.sendMessageWithContext(...message);
  }

  halfClose(): void {
    if (this.#call === undefined) this.#isHalfClosed = true;
    else this.#call.halfClose();
  }

  cancelWithStatus(code: number, details: string): void {
    if (this.#call === undefined) this.#end({ code, details, metadata: new Metadata() });
    else this.#call.cancelWithStatus(code, details);
  }

  getPeer(): string {
    return this.#transport.getPeerName();
  }

  getCallNumber(): number {
    return this.#callNumber;
  }

  getAuthContext(): object {
    return this.#transport.getAuthContext();
  }

  /** For the details of DEADLINE_EXCEEDED. */
  getDeadlineInfo(): string[] {
    if (this.#call !== undefined) return this.#call.getDeadlineInfo();
    const limit = `the server allows ${this.#places.limit} at a time on a connection`;
    return [`waits for a stream (${limit})`, `remote_addr=${this.getPeer()}`];
  }

  #end(ending: StatusObject & { readonly rstCode?: number }): void {
    if (this.#hasEnded || this.#call !== undefined) return;
    this.#hasEnded = true;
    this.#places.leave(this);
    this.#stopWaiting();
    process.nextTick(() => this.#listener.onReceiveStatus(ending));
  }

  #stopWaiting(): void {
    this.#transport.removeActiveCall(this);
    this.#streamListener?.(false);
  }
}
