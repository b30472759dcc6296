import type { Metadata } from '@grpc/grpc-js';
import { STATUS_DETAILS } from './error-details.ts';
import { sendable } from './metadata.ts';

/** HTTP's own, and what proxies add: sent again they would say something of the wrong call. */
const TRANSPORT_KEYS: readonly string[] = [
  'accept-encoding',
  'alt-svc',
  'content-type',
  'date',
  'server',
  'trailer',
  'user-agent',
  'via',
];

/** Of metadata that was received: what its sender's program put there. */
export function ownMetadata(metadata: Metadata): Metadata {
  const own = sendable(metadata.clone());
  for (const key of Object.keys(own.getMap())) {
    const isOfGrpc = key.startsWith('grpc-') && key !== STATUS_DETAILS;
    if (isOfGrpc || TRANSPORT_KEYS.includes(key)) own.remove(key);
  }
  return own;
}
