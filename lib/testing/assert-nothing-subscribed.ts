import { AssertionError } from 'node:assert';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CallReport, inspect } from '../call/live-calls.ts';
import { kindOf } from '../core/validate.ts';
import { serverBehind } from '../loopback/loopback.ts';
import { isWatched } from './watch.ts';

/** How long a server behind a socket may take to hear of the end of a call. */
const PATIENCE_MS = 1000;

/**
 * Asserts that nothing is left over now: no call of these clients (of a loopback, on its server's side as well) or servers
 * runs, and none of the Observables that {@link watch} counts is subscribed to. In virtual time, call it behind `marbles`; in
 * real time {@link untilNothingSubscribed} gives the other side the time to hear of an end.
 *
 * @throws AssertionError of node:assert that lists what is left. TypeError when something is neither.
 */
export function assertNothingSubscribed(...of: readonly object[]): void {
  const left = of.flatMap(leftOf);
  if (left.length > 0) throw leftOver(left, assertNothingSubscribed);
}

/**
 * Resolves as soon as nothing is left over, see {@link assertNothingSubscribed}; it waits a second at most.
 *
 * @throws (rejects) as that does.
 */
export async function untilNothingSubscribed(...of: readonly object[]): Promise<void> {
  const start = performance.now();
  for (;;) {
    const left = of.flatMap(leftOf);
    if (left.length === 0) return;
    if (performance.now() - start > PATIENCE_MS) throw leftOver(left, untilNothingSubscribed);
    await nextTurn();
  }
}

function leftOf(one: object): string[] {
  if (isWatched(one)) {
    return one.active === 0 ? [] : [`${one.name}: ${one.active} of ${one.subscriptions} subscriptions`];
  }
  const calls = callsOf(one);
  const behind = serverBehind(one);
  return [...calls, ...(behind === undefined ? [] : callsOf(behind).map(call => `its server: ${call}`))];
}

function callsOf(one: object): string[] {
  let calls: readonly CallReport[];
  try {
    calls = inspect(one).calls;
  } catch (cause) {
    throw new TypeError(`expected clients, servers and what watch() gives, got ${kindOf(one)}`, { cause });
  }
  return calls.map(
    ({ path, shape, received, sent }) =>
      `a call of ${path} (${shape}): ${received.messages} messages received, ${sent.messages} sent`,
  );
}

function leftOver(left: readonly string[], stackStartFn: (...of: never[]) => unknown): AssertionError {
  return new AssertionError({
    message: `expected nothing to be left subscribed, there are\n${left.join('\n')}`,
    actual: left,
    expected: [],
    stackStartFn,
  });
}
