// One process of a trial: forked by pair.ts, with its task as the argument. It ends when its parent does.
import { residentMemory } from '../contenders/resident-memory.ts';
import type { Cell } from './cells.ts';
import type { Client, Contender } from './contender.ts';
import { payloadOf } from './parcels.ts';
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
  | { readonly usage: true }
  | { readonly profile: true }
  | { readonly stopProfile: string };

export interface Usage {
  /** CPU seconds since the process began. */
  readonly cpu: number;
  /** Most bytes in RAM since the process began. */
  readonly maxResident: number;
}

export interface Answer {
  /** What the server listens at. */
  readonly port?: number;
  readonly slice?: Slice;
  /** Milliseconds from the start of the process to its first response. */
  readonly first?: number;
  readonly usage?: Usage;
  readonly profiled?: true;
}

process.on('disconnect', () => process.exit());
const { file, role, port }: Task = JSON.parse(process.argv[2]!);
const { contender }: { contender: Contender } = await import(`./contenders/${file}.js`);
const tell = (answer: Answer) => process.send!(answer);
const profile = new Profile();
let client: Client | undefined;
/** What one holds: 3 MB of objects in V8's heap, which has rules of its own for processes with less than 8 MB. */
const application: object[] = [];
process.on('message', async (request: Request) => tell(await answer(request)));

if (role === 'client') {
  client = await contender.connect(port);
  tell({ port: 0 });
} else {
  tell({ port: await contender.serve() });
}

async function answer(request: Request): Promise<Answer> {
  if (application.length === 0 && !('first' in request)) {
    for (let id = 0; id < 40_000; id++) application.push({ id, name: `name ${id}` });
  }
  if ('slice' in request) return { slice: await slice(client!, request.slice.cell, request.slice.seconds) };
  if ('first' in request) {
    await client!.unary({ payload: payloadOf(32), n: 1 });
    return { first: performance.now() };
  }
  if ('profile' in request) await profile.start();
  else if ('stopProfile' in request) await profile.stop(request.stopProfile);
  else return { usage: usage() };
  return { profiled: true };
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, maxResident: residentMemory().max };
}
