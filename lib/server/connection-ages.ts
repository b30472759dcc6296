import { constants, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { type Observable, ReplaySubject } from 'rxjs';
import { inOwnContext } from '../backpressure/in-own-context.ts';
import { type Leave, LinkedList } from '../call/linked-list.ts';
import type { CallOwner } from '../call/live-calls.ts';
import { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { watchSessions } from '../grpc-js/server-sessions.ts';
import { type Age, JITTER } from './age-options.ts';
import { FAREWELL_MS } from './shutdown.ts';

/** A connection, as its calls see it. */
export interface Connection {
  /** Emits and completes when the connection has reached its age, also for who comes later. */
  readonly draining$: Observable<void>;
  /** What it returns says that the call has ended. */
  open(call: CallOwner<RpcError>): Leave;
}

/** What a client may read in its logs; grpc-js and grpc-go say the same. */
const MAX_AGE = Buffer.from('max_age');

/** The connections of a server, each of which is told to end when it has reached its age. */
export class ConnectionAges {
  readonly #age: Age;
  readonly #connections = new WeakMap<Http2Session, AgingConnection>();
  #current: Connection | undefined;

  constructor(age: Age) {
    this.#age = age;
  }

  /** @param grpc a server that listens. */
  watch(grpc: Server): void {
    watchSessions(grpc, {
      opened: (session, socket) => this.#connections.set(session, new AgingConnection(session, socket, this.#age)),
      called: stream => {
        this.#current = stream.session && this.#connections.get(stream.session);
      },
      handled: () => {
        this.#current = undefined;
      },
    });
  }

  /** Of the call that comes in this turn; undefined where its connection was made before watch(). */
  get current(): Connection | undefined {
    return this.#current;
  }
}

class AgingConnection implements Connection {
  readonly #session: Http2Session;
  readonly #socket: Socket;
  readonly #graceMs: number;
  readonly #calls = new LinkedList<CallOwner<RpcError>>();
  readonly #draining$ = new ReplaySubject<void>(1);
  readonly draining$: Observable<void> = inOwnContext(this.#draining$);
  #timer: NodeJS.Timeout;

  constructor(session: Http2Session, socket: Socket, { maxMs, graceMs }: Age) {
    this.#session = session;
    this.#socket = socket;
    this.#graceMs = graceMs;
    const ageMs = maxMs * (1 + JITTER * (2 * Math.random() - 1));
    this.#timer = setTimeout(() => this.#drain(), ageMs).unref();
    session.once('close', () => clearTimeout(this.#timer));
  }

  open(call: CallOwner<RpcError>): Leave {
    return this.#calls.add(call);
  }

  /**
   * The GOAWAY names the last call that was seen; clients begin later ones, which were on their way, again on a new connection.
   * There is no earlier GOAWAY that would let them be served (RFC 9113, 6.8): nghttp2 ignores each new stream behind any GOAWAY,
   * and the client would wait for an answer.
   */
  #drain(): void {
    const session = this.#session;
    if (session.destroyed) return;
    if (!session.closed) {
      session.goaway(constants.NGHTTP2_NO_ERROR, 0, MAX_AGE); // 0 stands for the last stream that was seen
      session.close();
    }
    if (this.#graceMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#cut(), this.#graceMs).unref();
    }
    this.#draining$.next();
    this.#draining$.complete();
  }

  #cut(): void {
    for (const call of this.#calls) {
      call.cut(new RpcError(Code.UNAVAILABLE, 'the connection has reached its age (connectionAge)'));
    }
    // A caller that does not read does not get the status either; of a lost connection it is told UNAVAILABLE.
    this.#timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }
}
