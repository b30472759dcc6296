import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isIP, type Socket } from 'node:net';
import type { Server as GrpcServer } from '@grpc/grpc-js';
import type { Subject } from 'rxjs';
import type { CallReport, LiveCalls } from '../call/live-calls.ts';
import { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';

export interface ShutdownOptions {
  /** Milliseconds that running calls are given to end by themselves; Infinity waits for them. Default: 10,000. */
  readonly graceMs?: number | undefined;
}

/** The outcome of a shutdown. */
export interface ShutdownReport {
  /**
   * The calls that were ended with UNAVAILABLE, with path and peer, as {@link inspect} saw them: those that ran when the grace was
   * over, and streams of services that are not implement()'s.
   */
  readonly cut: readonly CallReport[];
}

/** The time for the last statuses to reach their callers before the connections are closed. */
export const FAREWELL_MS = 100;

/** The time for a peer, which may still read, to close its side of a connection after this side is closed. */
const LINGER_MS = 5000;

/** The parts of a server that a shutdown needs. */
export interface Stoppable {
  readonly grpc: GrpcServer;
  /** `host:port` as bound. */
  readonly target: string;
  readonly live: LiveCalls<RpcError>;
  readonly connections: Connections;
  readonly draining$: Subject<void>;
}

/**
 * See {@link Server.shutdown}.
 *
 * @throws TypeError, RangeError when the options are of the wrong kind; then nothing is stopped.
 */
export function shutdown(server: Stoppable, options: ShutdownOptions = {}): Promise<ShutdownReport> {
  checkOptions('shutdown', options, ['graceMs']);
  const { graceMs = 10_000 } = options;
  if (!(typeof graceMs === 'number' && graceMs >= 0)) {
    throw new RangeError(`shutdown: expected graceMs to be 0 or more milliseconds, got ${kindOf(graceMs)}`);
  }
  server.draining$.next();
  server.draining$.complete();
  return stop(server, graceMs);
}

async function stop(server: Stoppable, graceMs: number): Promise<ShutdownReport> {
  const { grpc, live, connections } = server;
  const stopDraining = drain(server, graceMs + FAREWELL_MS);
  const drained = new Promise<void>(resolve => grpc.tryShutdown(() => resolve())).then(stopDraining);
  connections.stopTracking();
  connections.closeAfter(LINGER_MS);
  const reason = () => new RpcError(Code.UNAVAILABLE, 'the server is shutting down');
  const cut: CallReport[] = [];
  live.abortWhenEndless(reason, report => cut.push(report));
  if (await endsWithin(drained, graceMs)) return { cut };
  cut.push(...live.inspector.calls);
  live.abortAll(reason);
  if (await endsWithin(drained, FAREWELL_MS)) return { cut };
  grpc.forceShutdown();
  if (await endsWithin(drained, FAREWELL_MS)) return { cut };
  // A peer that neither reads nor closes keeps its connection, and with it grpc-js's server, open.
  connections.close();
  await endsWithin(drained, FAREWELL_MS);
  return { cut };
}

/**
 * Asks the clients to leave, and cuts the connections of those who have not after so long: forceShutdown finds none on a server
 * without channelz, and drain none that tryShutdown was told of before. A connection whose TLS is still being negotiated is
 * found by neither, so it asks again, ever more rarely.
 */
function drain({ grpc, target }: Stoppable, forceAfterMs: number): () => void {
  if (forceAfterMs > MAX_TIMER_MS) return () => {};
  let againAfterMs = FAREWELL_MS;
  let again: NodeJS.Timeout | undefined;
  const ask = (leftMs: number): void => {
    grpc.drain(target, leftMs);
    const waitMs = againAfterMs;
    againAfterMs *= 2;
    if (waitMs < leftMs) again = setTimeout(() => ask(leftMs - waitMs), waitMs).unref();
  };
  ask(forceAfterMs);
  return () => clearTimeout(again);
}

async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  if (ms > MAX_TIMER_MS) return work.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([work.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}

/** Node's diagnostics channel for the connections that the servers of this process accept. */
const ACCEPTED = 'net.server.socket';

/**
 * The TCP connections of one server. grpc-js closes its side of a connection and then waits for the peer to close the other side,
 * which keeps the process alive without a limit. It has no API to close them.
 */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #isOurs: (socket: Socket) => boolean;

  /** @param target `host:port` as bound. Finds no connections for a host name other than localhost, or for a path. */
  constructor(target: string) {
    this.#isOurs = isBoundTo(target);
    subscribe(ACCEPTED, this.#accept);
  }

  /** Ignores further connections. Called when the server has stopped listening, because another may then listen there. */
  stopTracking(): void {
    unsubscribe(ACCEPTED, this.#accept);
  }

  /** Closes each connection that the peer has not closed `lingerMs` after the server closed its side. */
  closeAfter(lingerMs: number): void {
    for (const socket of this.#open) {
      const linger = () => {
        const timer = setTimeout(() => socket.destroy(), lingerMs).unref(); // the socket is what keeps it waited for
        socket.once('close', () => clearTimeout(timer)); // it holds all that hangs on the socket
      };
      if (socket.writableFinished) linger();
      else socket.once('finish', linger);
    }
  }

  /** Closes all connections now. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  readonly #accept = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    if (!this.#isOurs(socket)) return;
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  };
}

/** Whether a socket belongs to the target. Another server of this process may have the same port on another address. */
function isBoundTo(target: string): (socket: Socket) => boolean {
  const [, name = '', port] = /^(?:dns:|ipv4:|ipv6:)?\/*\[?(.*?)\]?:(\d+)$/.exec(target) ?? [];
  const host = name.toLowerCase();
  const isHost = (address: string): boolean => {
    if (host === 'localhost') return address === '::1' || address.startsWith('127.');
    return isIP(host) !== 0 && (host === '0.0.0.0' || /^[0:]+$/.test(host) || address === host);
  };
  return ({ localPort, localAddress = '' }) =>
    localPort === Number(port) && isHost(localAddress.replace(/^::ffff:/, ''));
}
