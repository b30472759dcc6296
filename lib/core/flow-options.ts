import { kindOf } from './service.ts';

/** The messages that a stream of grpc-js reads ahead; it has no option for fewer. */
export const MIN_PREFETCH = 16;

/** How the messages of a call flow; for one call, or as the default of a client, a service or a server. */
export interface FlowOptions {
  /**
   * The most bytes that messages may wait in to be sent when their source cannot wait; a message counts for 64 or more. One
   * more and the call ends with RESOURCE_EXHAUSTED. Default: 64 MiB.
   */
  readonly maxQueuedBytes?: number | undefined;
  /**
   * Messages that may be read ahead of the work on them, 16 or more. More smooths work whose pace varies. They are read in rows,
   * each time that two thirds of them are left. Default: 8; and 16 where a call rides a stream of grpc-js, as it does with
   * interceptors of a client, over a Client or Channel of one's own, and on a server of one's own.
   */
  readonly prefetch?: number | undefined;
  /**
   * Milliseconds that received messages may wait for work below them that takes none, before the call ends with ABORTED.
   * Waiting for a peer that does not read is no stall. Default: none, they wait for ever.
   */
  readonly stallTimeoutMs?: number | undefined;
}

export const flowOptions: readonly (keyof FlowOptions)[] = ['maxQueuedBytes', 'prefetch', 'stallTimeoutMs'];

/** @throws RangeError that names the option, what was expected and what came. */
export function checkFlowOptions(of: string, { maxQueuedBytes, prefetch, stallTimeoutMs }: FlowOptions): void {
  const check = (name: string, value: unknown, from: number, what: string): void => {
    if (value === undefined || (typeof value === 'number' && value >= from)) return;
    throw new RangeError(`${of}: expected ${name} to be ${from} or more ${what}, got ${kindOf(value)}`);
  };
  check('maxQueuedBytes', maxQueuedBytes, 0, 'bytes');
  check('prefetch', prefetch, MIN_PREFETCH, 'messages');
  check('stallTimeoutMs', stallTimeoutMs, 1, 'milliseconds');
}

/** The first that says something of each option wins. */
export function mergeFlowOptions(...all: readonly FlowOptions[]): FlowOptions {
  const merged: { -readonly [K in keyof FlowOptions]: FlowOptions[K] } = {};
  for (const options of all) {
    for (const name of flowOptions) merged[name] ??= options[name];
  }
  return merged;
}
