import type { Subscriber } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import { Metadata, toMetadata } from '../core/metadata.ts';

/** What a call sends before its messages. */
export function requestHeaders({ metadata, waitForReady }: CallOptions): Metadata {
  const headers = toMetadata(metadata);
  if (waitForReady !== undefined) headers.setOptions({ ...headers.getOptions(), waitForReady });
  return headers;
}

/** Tells the user; what a callback throws is the call's error, as what an operator's function throws is its Observable's. */
export function notify(
  callback: ((metadata: Metadata) => void) | undefined,
  metadata: Metadata | undefined,
  subscriber: Subscriber<unknown>,
): void {
  if (callback === undefined || subscriber.closed) return;
  try {
    callback(metadata ?? new Metadata());
  } catch (error) {
    subscriber.error(error);
  }
}
