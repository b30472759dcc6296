import { AssertionError } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { asExpected, plain } from './as-expected.ts';
import { type Frame, inWords } from './frame-in-words.ts';

/**
 * Runs a test in virtual time: TestScheduler.run of RxJS with assertions of node:assert, whose messages are lists of frames.
 * What a call gives is compared as it should be: an error or a status with `{ code, details?, metadata? }` (as by
 * {@link assertStatus}), Metadata with a plain object (as by {@link assertMetadata}), bytes by their values, a map with a
 * plain object, and an undefined field like an absent one.
 *
 * A call of `loopback()` takes the time that its parts take (`delay`, `interval`, a deadline: a frame for each
 * millisecond) and none of its own. Promises are not waited for.
 *
 * @returns what the test returns.
 * @throws AssertionError of node:assert with the frames in words as `actual` and `expected`, its cause the error that came, if
 *   one did; whatever the test throws.
 */
export function marbles<T>(test: (helpers: RunHelpers) => T): T {
  return new TestScheduler(assertFrames).run(test);
}

function assertFrames(came: readonly Frame[], wanted: readonly Frame[]): void {
  const given = came.map((frame, at) => likeExpected(frame, wanted[at]));
  if (isDeepStrictEqual(given.map(plainFrame), wanted.map(plainFrame))) return;
  const [actual, expected] = [given.map(inWords), wanted.map(inWords)];
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
