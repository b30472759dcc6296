import { constants, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server, ServerOptions } from '@grpc/grpc-js';
import { type Observable, ReplaySubject } from 'rxjs';
import { inOwnContext } from '../backpressure/in-own-context.ts';
import { type Leave, LinkedList } from '../call/linked-list.ts';
import type { CallOwner } from '../call/live-calls.ts';
import type { AgedConnection } from '../call/message-channel.ts';
import { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';
import { watchSessions } from './server-sessions.ts';
import { FAREWELL_MS } from './shutdown.ts';

/** The maximum age of a connection. See gRFC A9. */
export interface ConnectionAge {
  /**
   * Milliseconds from the beginning of a connection to when it is told to end; each connection takes up to 10 % more or less, so
   * that clients that came together do not leave together. From 1 to 1,952,257,861 (22.6 days).
   */
  readonly maxMs: number;
  /**
   * Milliseconds that the calls of such a connection are given to end by themselves, from 0; Infinity waits for them. Default:
   * Infinity, as in gRPC core.
   */
  readonly graceMs?: number | undefined;
}

const AGE = 'grpc.max_connection_age_ms';
const GRACE = 'grpc.max_connection_age_grace_ms';

/** grpc-js's own "no limit". */
const UNLIMITED_MS = ~(1 << 31);

/** The age is randomized by this fraction in both directions. */
const JITTER = 0.1;

const MAX_AGE_MS = Math.floor(MAX_TIMER_MS / (1 + JITTER));

/** A {@link ConnectionAge} with its default. */
export interface Age {
  readonly maxMs: number;
  readonly graceMs: number;
}

export interface AgeOptions {
  /** Undefined without a maximum age. */
  readonly age: Age | undefined;
  /** Without the options about ages, with which grpc-js would end calls with INTERNAL. */
  readonly serverOptions: ServerOptions | undefined;
}

/**
 * The age that `connectionAge` says, or grpc-js's own options.
 *
 * @throws TypeError, RangeError when something is of the wrong kind, too small or too large, or said twice.
 */
export function ageOptions(connectionAge: ConnectionAge | undefined, given: ServerOptions | undefined): AgeOptions {
  const { [AGE]: maxMs = UNLIMITED_MS, [GRACE]: graceMs = UNLIMITED_MS, ...serverOptions } = given ?? {};
  if (connectionAge === undefined) {
    if (maxMs === UNLIMITED_MS) return { age: undefined, serverOptions: given };
    return { age: checked(`'${AGE}'`, maxMs, `'${GRACE}'`, graceMs), serverOptions };
  }
  for (const name of [AGE, GRACE]) {
    if (given !== undefined && name in given) throw new TypeError(`serve: give connectionAge or '${name}', not both`);
  }
  checkOptions('serve: connectionAge', connectionAge, ['maxMs', 'graceMs']);
  const { maxMs: ageMs, graceMs: ownGraceMs = Number.POSITIVE_INFINITY } = connectionAge;
  return { age: checked('connectionAge.maxMs', ageMs, 'connectionAge.graceMs', ownGraceMs), serverOptions: given };
}

function checked(nameOfMax: string, maxMs: unknown, nameOfGrace: string, graceMs: unknown): Age {
  if (!(typeof maxMs === 'number' && maxMs >= 1 && maxMs <= MAX_AGE_MS)) {
    const expected = `from 1 to ${MAX_AGE_MS} milliseconds`;
    throw new RangeError(`serve: expected ${nameOfMax} to be ${expected}, got ${kindOf(maxMs)}`);
  }
  if (!(typeof graceMs === 'number' && graceMs >= 0)) {
    throw new RangeError(`serve: expected ${nameOfGrace} to be 0 or more milliseconds, got ${kindOf(graceMs)}`);
  }
  return { maxMs, graceMs: graceMs >= UNLIMITED_MS ? Number.POSITIVE_INFINITY : graceMs };
}

/** What a client may read in its logs; grpc-js and grpc-go say the same. */
const MAX_AGE = Buffer.from('max_age');

/** The connections of a server, each of which is told to end when it has reached its age. */
export class ConnectionAges {
  readonly #age: Age;
  readonly #connections = new WeakMap<Http2Session, AgingConnection>();
  #current: AgedConnection | undefined;

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
  get current(): AgedConnection | undefined {
    return this.#current;
  }
}

class AgingConnection implements AgedConnection {
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
      this.#timer = setTimeout(() => this.#abort(), this.#graceMs).unref();
    }
    this.#draining$.next();
    this.#draining$.complete();
  }

  #abort(): void {
    for (const call of this.#calls) {
      call.abort(new RpcError(Code.UNAVAILABLE, 'the connection has reached its age (connectionAge)'));
    }
    // A caller that does not read does not get the status either; of a lost connection it is told UNAVAILABLE.
    this.#timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }
}
