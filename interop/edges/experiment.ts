import type { Code } from 'rx-grpc';

export const experiments = ['late-response', 'long-deadline', 'early-end'] as const;
export type Experiment = (typeof experiments)[number];

/** Metadata by which a client tells the server what a call is for. */
export const OFFSET = 'x-offset-ms';
export const END = 'x-end';

/** A call whose last response comes this long after the deadline that the server sees; less than 0 is before it. */
export interface LateResponse {
  readonly shape: Shape;
  readonly offsetMs: number;
  readonly code: Code;
  /** Of {@link RESPONSES}. */
  readonly received: number;
}

/** A call with a deadline that no timer of Node can hold, whose response is the time that its handler saw. */
export interface LongDeadline {
  readonly askedMs: number;
  readonly code: Code;
  /** Null when the handler saw no deadline. */
  readonly seenMs: number | null;
}

/** A stream of requests whose handler ends at the first one. */
export interface EarlyEnd {
  readonly shape: 'clientStream' | 'bidi';
  readonly end: End;
  readonly code: Code;
  /** Of {@link MAX_MESSAGES}; the client sends until it hears of the end. */
  readonly sent: number;
}

export type Shape = 'unary' | 'serverStream' | 'clientStream' | 'bidi';

/** How many responses a call has. */
export const RESPONSES: Readonly<Record<Shape, number>> = { unary: 1, serverStream: 4, clientStream: 1, bidi: 4 };

/** How a handler ends early: well, by an error, before it began, or never there. */
export type End = 'ok' | 'aborted' | 'refused' | 'unimplemented';
export const ends: readonly End[] = ['ok', 'aborted', 'refused', 'unimplemented'];

export const MESSAGE_BYTES: number = 16 * 1024;
export const MAX_MESSAGES = 200;
export const REST_MS = 2;
const CALLS_AT_A_TIME = 10;

/** The deadlines that are asked for, in milliseconds; the last is the largest that gRPC can say, 99999999H. */
const DAY_MS = 24 * 3_600_000;
export const longDeadlinesMs: readonly number[] = [25 * DAY_MS, 40 * DAY_MS, 50 * DAY_MS, 99_999_999 * 3_600_000];

/**
 * A deadline of 40 to 60 ms, each call another. Every other four calls tell it to the server alone: a client's own clock is
 * ahead of the server's and would hide what the server sends last.
 */
export function serverDeadline(i: number): { readonly timeoutMs?: number; readonly metadata: Record<string, string> } {
  const timeoutMs = 40 + Math.floor(Math.random() * 20);
  return i % 8 < 4 ? { timeoutMs, metadata: {} } : { metadata: { 'grpc-timeout': `${timeoutMs}m` } };
}

/** Runs the work for 0 to n - 1, some at a time. */
export async function repeat(n: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < n) await work(next++);
  };
  await Promise.all(Array.from({ length: CALLS_AT_A_TIME }, worker));
}

/** The offset of the i-th call: -2, -1, 0, 1 and again. */
export function offsetMsOf(i: number): number {
  return (i % 4) - 2;
}

export function tell(record: LateResponse | LongDeadline | EarlyEnd): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}
