// What the size of grpc-js's retry buffer does to an upload: its speed with small messages, and how far its source runs
// ahead of a server that stopped reading. One run, sizes in turn, medians of the rounds.
//
//   npm run build && npx tsx bench/retry-buffer.ts [rounds]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { close, connect, implement, pull, serve, toAsyncIterable } from 'rx-grpc';
import { count, ignoreElements, lastValueFrom, NEVER, type Observable } from 'rxjs';

const bytes = (value: Buffer): Buffer => value;
const method = (path: string) => ({
  path,
  requestStream: true,
  responseStream: true,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const Bytes = {
  echo: method('/bench.Bytes/Echo'),
  count: method('/bench.Bytes/Count'),
  stall: method('/bench.Bytes/Stall'),
};

const KIB = 1024;
const sizes = [1 * KIB, 4 * KIB, 16 * KIB, 64 * KIB, 1024 * KIB];
const MESSAGES = 20_000;

async function server(): Promise<void> {
  const { target } = await serve(
    'http://127.0.0.1:0',
    implement(Bytes, {
      echo: request$ => request$,
      count: request$ => request$.pipe(ignoreElements()),
      stall: request$ => {
        void toAsyncIterable(request$)[Symbol.asyncIterator]().next();
        return NEVER;
      },
    }),
  );
  process.send!(target);
}

async function clientOf(child: ChildProcess): Promise<void> {
  const [target] = (await once(child, 'message')) as [string];
  const rounds = Number(process.argv[2] ?? 5);
  const clients = sizes.map(size =>
    connect(Bytes, target, { channelOptions: { 'grpc.per_rpc_retry_buffer_size': size } }),
  );
  const rates = sizes.map(() => ({ upload: [] as number[], bidi: [] as number[] }));
  for (let round = -1; round < rounds; round++) {
    for (const [i, client] of clients.entries()) {
      const upload = await rate(() => lastValueFrom(client.count(messages(MESSAGES)), { defaultValue: undefined }));
      const bidi = await rate(() => lastValueFrom(client.echo(messages(MESSAGES)).pipe(count())));
      if (round < 0) continue; // a round to warm up
      rates[i]!.upload.push(upload);
      rates[i]!.bidi.push(bidi);
    }
  }
  const ahead: number[] = [];
  for (const client of clients) ahead.push(await runAhead(client));
  const last = rates.at(-1)!;
  console.log(`${MESSAGES} messages of 32 bytes, median of ${rounds} rounds; run-ahead in messages of 1 KiB`);
  console.table(
    sizes.map((size, i) => ({
      'buffer KiB': size / KIB,
      'upload /s': Math.round(median(rates[i]!.upload)),
      'upload, ratio to 1 MiB': ratio(rates[i]!.upload, last.upload),
      'bidi /s': Math.round(median(rates[i]!.bidi)),
      'bidi, ratio to 1 MiB': ratio(rates[i]!.bidi, last.bidi),
      'run-ahead': ahead[i],
    })),
  );
  for (const client of clients) close(client);
  child.kill();
}

const messages = (n: number, size = 32): Observable<Buffer> =>
  pull(function* () {
    const message = Buffer.alloc(size);
    for (let i = 0; i < n; i++) yield message;
  });

async function rate(run: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await run();
  return MESSAGES / (Number(process.hrtime.bigint() - start) / 1e9);
}

async function runAhead(client: { stall: (request$: Observable<Buffer>) => Observable<Buffer> }) {
  let asked = 0;
  const source$ = pull(function* () {
    for (;;) {
      asked++;
      yield Buffer.alloc(KIB);
    }
  });
  const upload = client.stall(source$).subscribe();
  let seen = -1;
  // Another process reads: a second without a change is final.
  while (seen !== asked) {
    seen = asked;
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
  upload.unsubscribe();
  return asked;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const ratio = (values: number[], base: number[]): string =>
  median(values.map((value, i) => value / base[i]!)).toFixed(1);

if (process.send) await server();
else await clientOf(fork(import.meta.filename, { execArgv: ['--import', 'tsx'] }));
