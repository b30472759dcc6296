// What async context costs: an echo of small messages and unary calls, server and client in one process, with no
// AsyncLocalStorage, and with one around each subscription and each handler. To compare with: the same build with nothing bound.
// Each variant is a process of its own; they take turns, and ratios are those of the same round.
//
//   npm run build && npx tsx bench/context.ts [rounds] [name=folder of another build ...]
import { AsyncLocalStorage } from 'node:async_hooks';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { concatMap, count, lastValueFrom, range } from 'rxjs';

const MESSAGES = 20_000;
const CALLS = 2000;
/** Rounds before the first that counts. */
const WARM_UP = 3;

/** Microseconds of CPU, of client and server together: what else runs on the machine counts for less than in seconds. */
interface Costs {
  readonly message: number;
  readonly call: number;
}

const root = join(import.meta.dirname, '..');
/** The build to measure, its sources beside it; given when others work in the tree. */
const dist = process.env['DIST'] ?? join(root, 'dist');

const bytes = (value: Buffer): Buffer => value;
const method = (name: string, isStream: boolean) => ({
  path: `/bench.Bytes/${name}`,
  requestStream: isStream,
  responseStream: isStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const Bytes = { echo: method('Echo', true), once: method('Once', false) };

async function participant(build: string, hasStore: boolean): Promise<void> {
  const { connect, implement, pull, serve } = (await import(
    pathToFileURL(join(build, 'index.js')).href
  )) as typeof import('rx-grpc');
  const storage = new AsyncLocalStorage<object>();
  const inside = <R>(work: () => R): R => (hasStore ? storage.run({}, work) : work());
  const echo = (request$: any) => request$;
  const withStore = (rpc: any) => (request$: any, call: any) => inside(() => rpc(request$, call));
  const service = implement(Bytes, { echo, once: echo });
  const { target } = await serve('http://127.0.0.1:0', service, hasStore ? { middleware: [withStore] } : {});
  const client = connect(Bytes, target);
  const bytes32 = Buffer.alloc(32);
  const message$ = pull(function* () {
    for (let i = 0; i < MESSAGES; i++) yield bytes32;
  });
  const cost = async (of: number, work: () => Promise<unknown>): Promise<number> => {
    const start = process.cpuUsage();
    await inside(work);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / of;
  };
  process.on('message', async () => {
    const message = await cost(MESSAGES, () => lastValueFrom(client.echo(message$).pipe(count())));
    const call = await cost(CALLS, () => lastValueFrom(range(0, CALLS).pipe(concatMap(() => client.once(bytes32)))));
    process.send!({ message, call } satisfies Costs);
  });
  process.send!('ready');
}

async function compare(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 7);
  const unbound = buildWithoutBinding();
  const variants: Record<string, readonly [build: string, hasStore: boolean]> = {
    'nothing bound': [unbound, false],
    'nobody uses one': [dist, false],
    'one around each call': [dist, true],
    'the same, nothing bound': [unbound, true],
  };
  for (const other of process.argv.slice(3)) {
    const [name, build] = other.split('=') as [string, string];
    variants[`${name}, nobody uses one`] = [build, false];
  }
  const children = new Map<string, ChildProcess>();
  for (const [name, [build, hasStore]] of Object.entries(variants)) {
    const child = fork(import.meta.filename, [build, String(hasStore)], { execArgv: ['--import', 'tsx'] });
    await once(child, 'message');
    children.set(name, child);
  }
  const costs = new Map<string, Costs[]>(Object.keys(variants).map(name => [name, []]));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [name, child] of children) {
      child.send('go');
      const [measured] = (await once(child, 'message')) as [Costs];
      if (round >= 0) costs.get(name)!.push(measured);
    }
  }
  for (const child of children.values()) child.kill();
  rmSync(dirname(unbound), { recursive: true });

  const base = costs.get('nothing bound')!;
  console.log(
    `Node ${process.version}: ${MESSAGES} messages of 32 bytes to and fro, ${CALLS} unary calls; median of ${rounds}`,
  );
  console.table(
    Object.fromEntries(
      [...costs].map(([name, own]) => [
        name,
        {
          'CPU per message, us': median(own.map(({ message }) => message)).toFixed(1),
          ratio: median(own.map(({ message }, i) => message / base[i]!.message)).toFixed(3),
          'CPU per call, us': median(own.map(({ call }) => call)).toFixed(0),
          'ratio ': median(own.map(({ call }, i) => call / base[i]!.call)).toFixed(3),
        },
      ]),
    ),
  );
}

/** A build of the same sources, the functions of context replaced by what they are when nothing is bound. */
function buildWithoutBinding(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rx-grpc-bench-'));
  for (const name of ['package.json', 'tsconfig.json']) cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(dirname(dist), 'lib'), join(folder, 'lib'), { recursive: true });
  writeFileSync(
    join(folder, 'lib/core/async-context.ts'),
    `export const bindContext = work => work;
     export const bindKnownContext = work => work;
     export const captureContext = () => undefined;
     export const outsideContext = work => work();`,
  );
  execFileSync('npm', ['run', '--silent', 'build:js'], { cwd: folder });
  return join(folder, 'dist');
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

if (process.send) await participant(process.argv[2]!, process.argv[3] === 'true');
else await compare();
