import { EventEmitter } from 'node:events';
import type { MethodInfo } from '../core/method.ts';
import { kindOf } from '../core/validate.ts';
import { type DirectionListener, DirectionStats, type WaitsFor } from './direction-stats.ts';
import { type Leave, LinkedList } from './linked-list.ts';

/** One direction of a live call. */
export interface DirectionReport {
  /** Messages delivered, or given to the transport. */
  readonly messages: number;
  /**
   * `demand`: what was received waits for work of this process. `wire`: it waits for a peer that does not read; of what is
   * sent, that its source does. `stream`, of what a client sends: the call has not begun, because its connection has as many
   * streams as the server allows at a time (`grpc.max_concurrent_streams`, SETTINGS_MAX_CONCURRENT_STREAMS); it begins when
   * another call ends. Undefined while nothing waits.
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
  /** The caller's address, on a server; undefined on a client. */
  readonly peer: string | undefined;
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
 * Looks into a client of connect() or a server of serve(): `inspect(server).calls` is a report of each call that runs, on a
 * server also of services that are not implement()'s, and
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

/** Who runs a call. */
export interface CallOwner<Reason> {
  /** Ends the call. */
  abort(reason: Reason): void;
  /** The caller's address. */
  readonly peer?: string | undefined;
  /** Whether its handler cannot be told that the server shuts down. */
  readonly isUntold?: boolean;
}

/** A call while it runs. */
export class LiveCall<Reason = any> implements DirectionListener {
  readonly received: DirectionStats = new DirectionStats(this);
  readonly sent: DirectionStats = new DirectionStats(this);
  /** Bytes that wait to be sent, when there is something that can queue. */
  sending: { readonly queuedBytes: number } | undefined;
  readonly owner: CallOwner<Reason>;
  readonly #method: MethodInfo;
  readonly #all: AllCalls<Reason>;
  readonly #leave: Leave;
  readonly #startedAt: number = Date.now();
  /** Undefined while the call does not wait for a stream. */
  #waitsForStreamSince: Date | undefined;

  constructor(method: MethodInfo, owner: CallOwner<Reason>, all: AllCalls<Reason>) {
    this.#method = method;
    this.owner = owner;
    this.#all = all;
    this.#leave = all.calls.add(this);
  }

  get report(): CallReport {
    return {
      path: this.#method.path,
      shape: shapeOf(this.#method),
      peer: this.owner.peer,
      startedAt: new Date(this.#startedAt),
      received: direction(this.received),
      sent: { ...this.#sent, queuedBytes: this.sending?.queuedBytes ?? 0 },
    };
  }

  get #sent(): DirectionReport {
    const sent = direction(this.sent);
    const waitsSince = this.#waitsForStreamSince;
    return waitsSince === undefined ? sent : { ...sent, waitsFor: 'stream', waitsSince };
  }

  waitsForStream(isWaiting: boolean): void {
    this.#waitsForStreamSince = isWaiting ? new Date() : undefined;
    if (this.sent.waitsFor === undefined) this.#tell(isWaiting ? 'paused' : 'resumed', 'sent');
  }

  /** Whether it runs until it is aborted: a stream of responses whose handler cannot be asked to end it. */
  get isEndless(): boolean {
    return this.owner.isUntold === true && this.#method.responseStream;
  }

  close(): void {
    this.#leave();
    this.#all.changed?.();
  }

  changed(meter: DirectionStats): void {
    if (meter === this.sent && this.#waitsForStreamSince !== undefined) return; // told already, and not over
    this.#tell(meter.waitsFor === undefined ? 'resumed' : 'paused', meter === this.sent ? 'sent' : 'received');
  }

  #tell(event: 'paused' | 'resumed', which: Direction): void {
    const { inspector } = this.#all;
    if (inspector === undefined || inspector.listenerCount(event) === 0) return;
    inspector.emit(event, this.report, which);
  }
}

interface AllCalls<Reason> {
  readonly calls: LinkedList<LiveCall<Reason>>;
  inspector: Inspector | undefined;
  /** Called when a call has begun or ended. */
  changed: (() => void) | undefined;
}

/** The calls of a client or a server that run: for who closes it, and who looks into it. */
export class LiveCalls<Reason = any> {
  readonly #all: AllCalls<Reason> = { calls: new LinkedList(), inspector: undefined, changed: undefined };

  /** Makes it what {@link inspect} finds. */
  belongTo(owner: object): void {
    owners.set(owner, this);
  }

  get size(): number {
    return this.#all.calls.size;
  }

  open(method: MethodInfo, owner: CallOwner<Reason>): LiveCall<Reason> {
    const call = new LiveCall(method, owner, this.#all);
    this.#all.changed?.();
    return call;
  }

  /**
   * From now on ends calls that would run for ever ({@link LiveCall.isEndless}) as soon as there are no others, and tells of each
   * before.
   */
  abortWhenEndless(reason: () => Reason, aborted: (report: CallReport) => void): void {
    const { calls } = this.#all;
    let isDue = false;
    const look = () => {
      isDue = false;
      const all = [...calls];
      if (!all.every(({ isEndless }) => isEndless)) return;
      for (const call of all) {
        aborted(call.report);
        call.owner.abort(reason());
      }
    };
    this.#all.changed = () => {
      if (!isDue) setImmediate(look);
      isDue = true;
    };
    this.#all.changed();
  }

  abortAll(reason: () => Reason): void {
    for (const { owner } of this.#all.calls) owner.abort(reason());
  }

  get inspector(): Inspector {
    const all = this.#all;
    const reports = () => [...all.calls].map(({ report }) => report);
    all.inspector ??= Object.defineProperty(new EventEmitter(), 'calls', { get: reports }) as Inspector;
    return all.inspector;
  }
}

function direction({ messages, waitsFor, waitsSince }: DirectionStats): DirectionReport {
  return { messages, waitsFor, waitsSince };
}

function shapeOf({ requestStream, responseStream }: MethodInfo): CallReport['shape'] {
  if (requestStream) return responseStream ? 'bidi' : 'clientStream';
  return responseStream ? 'serverStream' : 'unary';
}
