// A process whose work is counted: server and client, one call after the other of one shape, so that what it does depends on
// the messages and hardly on the machine. It prints what they took. Started by counted.ts and syscalls.ts.
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type * as RxGrpc from 'rx-grpc';
import { lastValueFrom, map, type Observable, reduce } from 'rxjs';
import { type CountedShape, perMessage, YOUNG_MIB } from './counts.ts';

const build = process.env['RX_GRPC_BUILD'];
const { close, connect, implement, pull, serve }: typeof RxGrpc = await import(build ? `${build}/index.js` : 'rx-grpc');

const [shape, calls, messages] = process.argv.slice(2) as [CountedShape, string, string];
const message = Buffer.alloc(32, 7);

const bytes = (value: Buffer): Buffer => value;
const method = (requestStream: boolean, responseStream: boolean) => ({
  path: `/guard.Guard/${requestStream}${responseStream}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const Guard = {
  unary: method(false, false),
  serverStream: method(false, true),
  clientStream: method(true, false),
  bidi: method(true, true),
};

const message$ = (count: number): Observable<Buffer> =>
  pull(function* () {
    for (let i = 0; i < count; i++) yield message;
  });
const counted = (of$: Observable<Buffer>): Observable<Buffer> =>
  of$.pipe(
    reduce(count => count + 1, 0),
    map(count => Buffer.from(String(count))),
  );

const server = await serve(
  'http://127.0.0.1:0',
  implement(Guard, {
    unary: request$ => request$,
    serverStream: () => message$(Number(messages)),
    clientStream: counted,
    bidi: request$ => request$,
  }),
);
const client = connect(Guard, server.target);

async function call(): Promise<void> {
  const count = Number(messages);
  if (shape === 'unary') for (let i = 0; i < count; i++) await lastValueFrom(client.unary(message));
  else if (shape === 'clientStream') await expectAll(client.clientStream(message$(count)));
  else await expectAll(counted(shape === 'bidi' ? client.bidi(message$(count)) : client.serverStream(message)));
}

async function expectAll(count$: Observable<Buffer>): Promise<void> {
  const count = String(await lastValueFrom(count$));
  if (count !== messages) throw new Error(`${count} messages came instead of ${messages}`);
}

/** Each session tells how many frames it sent when it is closed. */
const frames = new Promise<number>(resolve => {
  let sent = 0;
  let sessions = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntriesByType('http2')) {
      if (entry.name !== 'Http2Session') continue;
      sent += (entry as unknown as { detail: { framesSent: number } }).detail.framesSent;
      if (++sessions === 2) resolve(sent);
    }
  }).observe({ entryTypes: ['http2'] });
});

/** When the garbage collector was at work. */
const collections: number[] = [];
const collector = new PerformanceObserver(list => {
  for (const { startTime } of list.getEntries()) collections.push(startTime);
});

const WARM_UP_CALLS = 3;
for (let i = 0; i < WARM_UP_CALLS; i++) await call();

collector.observe({ entryTypes: ['gc'] });
const counts: { turns: number; heap: number }[] = [];
for (let i = 0; i < Number(calls); i++) {
  globalThis.gc?.();
  const before = now();
  await call();
  const after = now();
  await new Promise(setImmediate); // what the collector did is told later
  const isCollected = collections.some(time => time > before.time && time < after.time);
  counts.push({
    turns: after.turns - before.turns,
    heap: isCollected ? YOUNG_MIB * 2 ** 20 : after.heap - before.heap,
  });
}
close(client);
await server.shutdown();
const framesOf = WARM_UP_CALLS + Number(calls);
console.log(JSON.stringify(perMessage({ calls: counts, frames: await frames, framesOf, messages: Number(messages) })));

function now() {
  const { loopCount } = (performance.nodeTiming as unknown as { uvMetricsInfo: { loopCount: number } }).uvMetricsInfo;
  return { time: performance.now(), turns: loopCount, heap: getHeapStatistics().used_heap_size };
}
