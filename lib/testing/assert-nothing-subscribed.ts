import { AssertionError } from 'node:assert';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CallReport, inspect } from '../call/live-calls.ts';
import { kindOf } from '../core/validate.ts';
import { serverBehind } from '../loopback/loopback.ts';
import { isWatched } from './watch.ts';

/** The time that a server behind a socket gets to learn of the end of a call. */
const PATIENCE_MS = 1000;

/**
 * Asserts that nothing is subscribed or running now: no call of the given clients and servers, and no subscription to
 * the Observables that {@link watch} counts. For a client of a loopback, this includes its server.
 *
 * In virtual time, call it after `marbles`. In real time, use {@link untilNothingSubscribed}, which gives the other
 * side time to learn of an end.
 *
 * @throws AssertionError of node:assert that lists what is left. TypeError when an argument is not a client, a server
 *   or a watch() result.
 */
export function assertNothingSubscribed(...of: readonly object[]): void {
  const left = of.flatMap(leftOf);
  if (left.length > 0) throw leftOver(left, assertNothingSubscribed);
}

/**
 * Resolves as soon as {@link assertNothingSubscribed} would pass, and waits at most one second.
 *
 * @throws Rejects with the errors of {@link assertNothingSubscribed}.
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
    throw new TypeError(`expected clients, servers and results of watch(), got ${kindOf(one)}`, { cause });
  }
  return calls.map(
    ({ path, shape, received, sent }) =>
      `a call of ${path} (${shape}): ${received.messages} messages received, ${sent.messages} sent`,
  );
}

function leftOver(left: readonly string[], stackStartFn: (...of: never[]) => unknown): AssertionError {
  return new AssertionError({
    message: `expected nothing to be left subscribed, found\n${left.join('\n')}`,
    actual: left,
    expected: [],
    stackStartFn,
  });
}
