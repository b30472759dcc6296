import { AssertionError } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { isMetadata } from '../core/metadata.ts';
import { codeName } from '../core/status.ts';
import { asExpected, isExpectedStatus, isStatus, plain } from './expected.ts';
import { inFull } from './mismatch.ts';

/**
 * Runs a test in virtual time: RxJS's TestScheduler.run with assertions of node:assert, whose messages list the frames.
 *
 * Results of calls compare by content: an error or a status with `{ code, details?, metadata? }` (as in {@link
 * assertStatus}), Metadata with a plain object (as in {@link assertMetadata}), bytes by value, a map with a plain
 * object, and an undefined field like an absent one.
 *
 * A call of `loopback()` takes only the time of its parts (`delay`, `interval`, a deadline: one frame per millisecond)
 * and no time of its own. Promises do not resolve within the test.
 *
 * @returns the return value of the test.
 * @throws AssertionError of node:assert with the frames as text in `actual` and `expected`, and the received error, if
 *   any, as its cause. Errors that the test throws pass through.
 */
export function marbles<T>(test: (helpers: RunHelpers) => T): T {
  return new TestScheduler(assertFrames).run(test);
}

function assertFrames(came: readonly Frame[], wanted: readonly Frame[]): void {
  const given = came.map((frame, at) => likeExpected(frame, wanted[at]));
  if (isDeepStrictEqual(given.map(plainFrame), wanted.map(plainFrame))) return;
  const [actual, expected] = [given.map(frameText), wanted.map(frameText)];
  const list = (lines: readonly string[]) => lines.map(line => `\n  ${line}`).join('') || ' nothing';
  const message = `the marbles differ\nexpected:${list(expected)}\ngot:${list(actual)}`;
  const cause = came.find(({ notification }) => notification?.kind === 'E')?.notification?.error;
  throw Object.assign(new AssertionError({ message, actual, expected, stackStartFn: marbles }), { cause });
}

function likeExpected(frame: Frame, wanted: Frame | undefined): Frame {
  const [notification, other] = [frame.notification, wanted?.notification];
  if (notification === undefined || other === undefined) return frame;
  const { kind, value, error } = notification;
  return {
    ...frame,
    notification: { kind, value: asExpected(value, other.value), error: asExpected(error, other.error) },
  };
}

function plainFrame(frame: Frame): unknown {
  const { frame: at, notification } = frame;
  return notification === undefined ? { ...frame } : { at, notification: plain({ ...notification }) };
}

/** The unit that a TestScheduler compares: a notification with its frame, or a subscription with its end. */
interface Frame {
  readonly frame?: number;
  readonly notification?: { readonly kind: string; readonly value: unknown; readonly error: unknown };
  readonly subscribedFrame?: number;
  readonly unsubscribedFrame?: number;
}

/** A frame as one line of an error text. */
function frameText({ frame, notification, subscribedFrame, unsubscribedFrame }: Frame): string {
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
