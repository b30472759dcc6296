import type { Server as GrpcServer } from '@grpc/grpc-js';
import type { Subject } from 'rxjs';
import { MAX_TIMER_MS } from '../flow/stall.ts';
import type { CallReport } from '../live-calls.ts';
import { checkOptions, kindOf } from '../rpc.ts';
import { Code, RpcError } from '../status.ts';
import type { Hooks } from './hooks.ts';

export interface ShutdownOptions {
  /** Milliseconds that running calls are given to end by themselves; Infinity waits for them. Default: 10,000. */
  readonly graceMs?: number | undefined;
}

/** How a shutdown went. */
export interface ShutdownReport {
  /** The calls that were ended with UNAVAILABLE because the grace was over; see {@link inspect}. */
  readonly cut: readonly CallReport[];
}

/** How long the last statuses may take to reach their callers before the connections are cut. */
const FAREWELL_MS = 100;

/**
 * See {@link Server.shutdown}.
 *
 * @throws TypeError, RangeError when the options are of the wrong kind; then nothing is stopped.
 */
export function shutdown(
  grpc: GrpcServer,
  target: string,
  live: Hooks['live'],
  draining$: Subject<void>,
  options: ShutdownOptions = {},
): Promise<ShutdownReport> {
  checkOptions('shutdown', options, ['graceMs']);
  const { graceMs = 10_000 } = options;
  if (!(typeof graceMs === 'number' && graceMs >= 0)) {
    throw new RangeError(`shutdown: expected graceMs to be 0 or more milliseconds, got ${kindOf(graceMs)}`);
  }
  draining$.next();
  draining$.complete();
  return stop(grpc, target, live, graceMs);
}

async function stop(grpc: GrpcServer, target: string, live: Hooks['live'], graceMs: number): Promise<ShutdownReport> {
  // forceShutdown finds no connections on a server without channelz, and drain none that tryShutdown was told of before.
  if (graceMs + FAREWELL_MS <= MAX_TIMER_MS) grpc.drain(target, graceMs + FAREWELL_MS);
  const drained = new Promise<void>(resolve => grpc.tryShutdown(() => resolve()));
  if (await endsWithin(drained, graceMs)) return { cut: [] };
  const cut = live.inspector.calls;
  live.cutAll(() => new RpcError(Code.UNAVAILABLE, 'the server is shutting down'));
  if (await endsWithin(drained, FAREWELL_MS)) return { cut };
  grpc.forceShutdown();
  // Not without end: a peer that neither reads nor closes keeps its connection, and with it grpc-js's server, open.
  await endsWithin(drained, FAREWELL_MS);
  return { cut };
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
