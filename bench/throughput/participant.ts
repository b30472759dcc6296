// One process of a trial: started by pair.ts, with its task as the argument. It ends when its parent does.
import { collect } from '../contenders/collect.ts';
import { resetMax, residentMemory } from '../contenders/resident-memory.ts';
import type { Cell } from './cells.ts';
import type { Client, Contender } from './contender.ts';
import { payloadOf, progress } from './parcels.ts';
import { Profile } from './profile.ts';
import { type Slice, slice } from './work.ts';

export interface Task {
  readonly file: string;
  readonly role: 'server' | 'client';
  /** Of the server; 0 for the server itself. */
  readonly port: number;
}

export type Request =
  | { readonly slice: { readonly cell: Cell; readonly seconds: number } }
  | { readonly first: true }
  | { readonly prepare: true }
  | { readonly collect: true }
  | { readonly usage: true }
  | { readonly profile: true }
  | { readonly stopProfile: string };

export interface Usage {
  /** CPU seconds since the process began. */
  readonly cpu: number;
  /** Bytes in RAM when the process was ready, and the most since then. */
  readonly residentReady: number;
  readonly residentMax: number;
  /** Bytes in V8's heap, garbage included; nothing of a process in Go. */
  readonly heap: number;
  /** Messages that this process has taken. */
  readonly taken: number;
}

export interface Answer {
  /** What the server listens at. */
  readonly port?: number;
  readonly slice?: Slice;
  /** Milliseconds from the start of the process to its first response. */
  readonly first?: number;
  readonly usage?: Usage;
  readonly done?: true;
}

process.on('disconnect', () => process.exit());
const { file, role, port }: Task = JSON.parse(process.argv[2]!);
const { contender }: { contender: Contender } = await import(`./contenders/${file}.js`);
const tell = (answer: Answer) => process.send!(answer);
const profile = new Profile();
const clients: Client[] = [];
/** What an application holds: 3 MB of objects in V8's heap, which has rules of its own for processes with less than 8 MB. */
const application: object[] = [];
let residentReady = 0;
process.on('message', async (request: Request) => tell(await answer(request)));

if (role === 'client') {
  clients.push(await contender.connect(port));
  tell({ port: 0 });
} else {
  tell({ port: await contender.serve() });
}

async function answer(request: Request): Promise<Answer> {
  if ('slice' in request) return { slice: await work(request.slice.cell, request.slice.seconds) };
  if ('usage' in request) return { usage: usage() };
  if ('first' in request) {
    await clients[0]!.unary({ payload: payloadOf(32), n: 1 });
    return { first: performance.now() };
  }
  if ('prepare' in request) await prepare();
  else if ('collect' in request) await collect();
  else if ('profile' in request) await profile.start();
  else await profile.stop(request.stopProfile);
  return { done: true };
}

async function prepare(): Promise<void> {
  for (let id = 0; id < 40_000; id++) application.push({ id, name: `name ${id}` });
  await collect();
  resetMax();
  residentReady = residentMemory().now;
}

async function work(cell: Cell, seconds: number): Promise<Slice> {
  const { connections = 1 } = cell;
  while (clients.length < connections) clients.push(await contender.connect(port, true));
  return slice(clients.slice(0, connections), cell, seconds);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { heapUsed: heap } = process.memoryUsage();
  return { cpu: (user + system) / 1e6, residentReady, residentMax: residentMemory().max, heap, taken: progress.taken };
}
