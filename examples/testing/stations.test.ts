import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, implement, loopback, RpcError, withCall } from 'rx-grpc';
import { retry } from 'rx-grpc/middleware';
import {
  assertMetadata,
  assertNothingSubscribed,
  assertStatus,
  collect,
  marbles,
  testCall,
  untilNothingSubscribed,
  watch,
} from 'rx-grpc/testing';
import { concat, from, lastValueFrom, NEVER, of, Subject, throwError } from 'rxjs';
import { Alert_Kind, type Reading, Stations } from '../gen/stations.ts';
import { stations } from './stations.ts';

const north = (wind: number): Reading => ({ station: 'north', wind });
const told = {
  G: { station: 'north', kind: Alert_Kind.GUST },
  S: { station: 'north', kind: Alert_Kind.SILENT },
};

/** The service, with what its calls depend on, and a client of it in this process. */
function setUp() {
  const feed$ = new Subject<Reading>();
  const draining$ = new Subject<void>();
  return { feed$, draining$, client: loopback(implement(Stations, stations(feed$)), { draining$ }) };
}

test('a handler is a function of requests and a call', async () => {
  const { report } = stations(new Subject());
  using call = testCall({ method: Stations.Report });
  const summary = await lastValueFrom(from(report(of(north(3), north(7)), call)));
  assert.deepEqual(summary, { readings: 2, strongest: 7 });
  assertMetadata(call.trailers, { readings: '2' });
});

test('report sums up the readings, and counts them in a trailer', async () => {
  const { client } = setUp();
  const { responses, trailers, status } = await collect(client.report, of(north(3), north(30), north(7)));
  assertStatus(status, { code: Code.OK });
  assert.deepEqual(responses, [{ readings: 3, strongest: 30 }]);
  assertMetadata(trailers, { readings: '3' });
});

test('report refuses a wind that is none, and hears no further reading', async () => {
  const { client } = setUp();
  const reading$ = watch(concat(of(north(3), north(-1)), NEVER), 'reading$');
  const { error } = await collect(client.report, reading$.source$);
  assertStatus(error, {
    code: Code.INVALID_ARGUMENT,
    details: /^north: no wind is -1/,
    metadata: { station: 'north', readings: undefined },
  });
  await untilNothingSubscribed(client, reading$);
});

test('what one station reports, who watches it is told', () => {
  const { client } = setUp();
  marbles(({ cold, expectObservable }) => {
    const reading$ = cold('1s a 1s b 1s a|', { a: north(3), b: north(30) });
    expectObservable(client.report(reading$)).toBe('3003ms (s|)', { s: { readings: 3, strongest: 30 } });
    expectObservable(client.watch({ station: 'north' }), '^ 40s !').toBe('2001ms G 31000ms S', told);
    expectObservable(client.watch({ station: 'south' }), '^ 29s !').toBe('-');
  });
});

test('watch answers with headers at once, and ends at its deadline', () => {
  const { client } = setUp();
  marbles(({ expectObservable }) => {
    const { response$, headers$, status$ } = withCall(client.watch, { station: 'north' }, { timeoutMs: 40_000 });
    const late = { code: Code.DEADLINE_EXCEEDED };
    expectObservable(response$).toBe('30s S 9999ms #', told, late);
    expectObservable(headers$).toBe('h 39999ms |', { h: { station: 'north' } });
    expectObservable(status$).toBe('40s (s|)', { s: late });
  });
});

test('who watches no more leaves nothing behind', () => {
  const { client, feed$ } = setUp();
  marbles(({ expectObservable }) => {
    expectObservable(client.watch({ station: 'north' }), '^ 5s !').toBe('-');
  });
  assertNothingSubscribed(client);
  assert.equal(feed$.observed, false);
});

test('watch ends well when the server shuts down', () => {
  const { client, draining$ } = setUp();
  marbles(({ hot, expectObservable }) => {
    hot('5s (x|)').subscribe(() => draining$.next());
    expectObservable(client.watch({ station: 'north' })).toBe('5s |');
  });
  assertNothingSubscribed(client);
});

test('a client goes on after the server was away for a second: tested against a service made for it', () => {
  marbles(({ cold, expectObservable }) => {
    const away = throwError(() => new RpcError(Code.UNAVAILABLE, 'away'));
    const answers = [away, away, cold('1s G', told)];
    const fake = implement.partial(Stations, { watch: () => answers.shift() ?? NEVER });
    const client = loopback(fake, { middleware: [retry({ initialBackoffMs: 400, random: () => 0.5 })] });
    // Attempts at 0, at 400, and 800 ms later.
    expectObservable(client.watch({ station: 'north' }), '^ 5s !').toBe('2200ms G', told);
  });
});
