import type { Server as GrpcServer } from '@grpc/grpc-js';
import { Code, RpcError } from '../status.ts';
import type { Hooks } from './hooks.ts';

export interface ShutdownOptions {
  /** Milliseconds that running calls are given to end by themselves. Default: 10,000. */
  readonly graceMs?: number | undefined;
}

/** How long the last statuses may take to reach their callers before the connections are cut. */
const FAREWELL_MS = 100;

/** See {@link Server.shutdown}. */
export async function shutdown(
  grpc: GrpcServer,
  target: string,
  live: Hooks['live'],
  { graceMs = 10_000 }: ShutdownOptions = {},
): Promise<void> {
  if (!(graceMs >= 0)) throw new RangeError(`shutdown: expected graceMs to be 0 or more milliseconds, got ${graceMs}`);
  const drained = new Promise<void>(resolve => grpc.tryShutdown(() => resolve()));
  if (await endsWithin(drained, graceMs)) return;
  for (const cut of live) cut(new RpcError(Code.UNAVAILABLE, 'the server is shutting down'));
  if (await endsWithin(drained, FAREWELL_MS)) return;
  grpc.drain(target, 0); // forceShutdown alone leaves the connections of a server without channelz
  grpc.forceShutdown();
  await drained;
}

async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([work.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}
