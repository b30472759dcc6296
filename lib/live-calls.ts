import { EventEmitter } from 'node:events';
import { Meter, type WaitsFor } from './flow/meter.ts';
import { kindOf, type Method } from './rpc.ts';

/** One direction of a live call. */
export interface DirectionReport {
  /** Messages delivered, or given to the transport. */
  readonly messages: number;
  /**
   * `demand`: what was received waits for work of this process. `wire`: it waits for a peer that does not read; of what is
   * sent, that its source does. Undefined while nothing waits.
   */
  readonly waitsFor: WaitsFor | undefined;
  /** The last time that something moved; undefined while nothing waits. */
  readonly waitsSince: Date | undefined;
}

/** A live call. */
export interface CallReport {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly shape: 'unary' | 'serverStream' | 'clientStream' | 'bidi';
  readonly startedAt: Date;
  readonly received: DirectionReport;
  /** With the bytes that wait because their source could not. */
  readonly sent: DirectionReport & { readonly queuedBytes: number };
}

export type Direction = 'received' | 'sent';

/** The calls of a client or a server, as they are now, and events; see {@link inspect}. */
export interface Inspector extends EventEmitter<{ paused: [CallReport, Direction]; resumed: [CallReport, Direction] }> {
  /** A report of each call that runs, the oldest first. */
  readonly calls: readonly CallReport[];
}

const owners = new WeakMap<object, LiveCalls>();

/**
 * Looks into a client of connect() or a server of serve(): `inspect(server).calls` is a report of each call that runs, and
 * the events `paused` and `resumed` tell of a call's direction that begins or ceases to wait. Nothing is recorded for it but
 * a counter, and the events cost nothing while nobody listens.
 *
 * @throws TypeError when this is neither.
 */
export function inspect(clientOrServer: object): Inspector {
  const live = owners.get(clientOrServer);
  if (live === undefined) {
    throw new TypeError(
      `inspect: expected a client of connect() or a server of serve(), got ${kindOf(clientOrServer)}`,
    );
  }
  return live.inspector;
}

/** A call while it runs. */
export interface LiveCall {
  readonly received: Meter;
  readonly sent: Meter;
  /** Set when there is something that can queue. */
  queuedBytes: () => number;
  close(): void;
}

/** The calls of a client or a server that run: for who closes it, and who looks into it. */
export class LiveCalls<Reason = any> {
  readonly #calls = new Set<{ readonly cut: (reason: Reason) => void; readonly report: () => CallReport }>();
  #inspector: Inspector | undefined;

  /** Makes it what {@link inspect} finds. */
  belongTo(owner: object): void {
    owners.set(owner, this);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** @param cut ends the call. */
  open(method: Method, cut: (reason: Reason) => void): LiveCall {
    const startedAt = Date.now();
    const report = (): CallReport => ({
      path: method.path,
      shape: shapeOf(method),
      startedAt: new Date(startedAt),
      received: direction(call.received),
      sent: { ...direction(call.sent), queuedBytes: call.queuedBytes() },
    });
    const tell = (meter: Meter) => {
      if (this.#inspector === undefined) return;
      const event = meter.waitsFor === undefined ? 'resumed' : 'paused';
      if (this.#inspector.listenerCount(event) === 0) return;
      this.#inspector.emit(event, report(), meter === call.sent ? 'sent' : 'received');
    };
    const entry = { cut, report };
    const call: LiveCall = {
      received: new Meter(tell),
      sent: new Meter(tell),
      queuedBytes: none,
      close: () => this.#calls.delete(entry),
    };
    this.#calls.add(entry);
    return call;
  }

  cutAll(reason: () => Reason): void {
    for (const { cut } of this.#calls) cut(reason());
  }

  get inspector(): Inspector {
    const reports = () => [...this.#calls].map(({ report }) => report());
    this.#inspector ??= Object.defineProperty(new EventEmitter(), 'calls', { get: reports }) as Inspector;
    return this.#inspector;
  }
}

const none = (): number => 0;

function direction({ messages, waitsFor, waitsSince }: Meter): DirectionReport {
  return { messages, waitsFor, waitsSince };
}

function shapeOf({ requestStream, responseStream }: Method): CallReport['shape'] {
  if (requestStream) return responseStream ? 'bidi' : 'clientStream';
  return responseStream ? 'serverStream' : 'unary';
}
