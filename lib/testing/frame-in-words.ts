import { isMetadata } from '../core/metadata.ts';
import { codeName } from '../core/status.ts';
import { isExpectedStatus } from './as-expected.ts';
import { isStatus } from './expected-status.ts';
import { inFull } from './in-full.ts';

/** What a TestScheduler compares: a notification and its frame, or a subscription and its end. */
export interface Frame {
  readonly frame?: number;
  readonly notification?: { readonly kind: string; readonly value: unknown; readonly error: unknown };
  readonly subscribedFrame?: number;
  readonly unsubscribedFrame?: number;
}

/** A frame as a line of a message. */
export function inWords({ frame, notification, subscribedFrame, unsubscribedFrame }: Frame): string {
  if (notification === undefined) {
    const end = unsubscribedFrame === Number.POSITIVE_INFINITY ? 'never' : `at ${unsubscribedFrame}`;
    return `subscribed at ${subscribedFrame}, unsubscribed ${end}`;
  }
  const { kind, value, error } = notification;
  if (kind === 'N') return `${frame}: next ${valueInWords(value)}`;
  return kind === 'E' ? `${frame}: error ${valueInWords(error)}` : `${frame}: complete`;
}

function valueInWords(value: unknown): string {
  if (isMetadata(value)) return inFull(value.getMap());
  if (!isStatus(value) && !isExpectedStatus(value)) return value instanceof Error ? errorInWords(value) : inFull(value);
  const { code, details, metadata = {} } = value;
  const keys = isMetadata(metadata) ? metadata.getMap() : metadata;
  const text = details === undefined ? codeName(code) : `${codeName(code)}: ${details}`;
  return Object.keys(keys).length === 0 ? text : `${text} ${inFull(keys)}`;
}

function errorInWords(error: Error): string {
  const properties = { ...error, ...(error.cause !== undefined && { cause: error.cause }) };
  return Object.keys(properties).length === 0 ? String(error) : `${error} ${inFull(properties)}`;
}
