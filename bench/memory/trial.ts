import { type Cell, type Point, type Role, route } from './cells.ts';
import { type Memory, Peer } from './peer.ts';
import { runAhead } from './run-ahead.ts';

export interface Result {
  /** Messages produced beyond those consumed, at the most: end to end, and for each hop. */
  readonly ahead: number;
  readonly hops: readonly number[];
  readonly memory: Readonly<Partial<Record<Role, Memory>>>;
}

/** A reader that is this many times slower than it should be is given up. */
const PATIENCE = 20;

/** Runs one cell with one contender: its processes are started one after the other and ended together. */
export async function trial(file: string, cell: Cell, reads: number): Promise<Result> {
  const peers = new Map<Role, Peer>();
  const start = (role: Role, port: number): Promise<number> => {
    const peer = new Peer({ file, cell, role, reads, port });
    peers.set(role, peer);
    return peer.ready;
  };
  try {
    let port = await start('server', 0);
    if (cell.pipeline === 'gateway') port = await start('gateway', port);
    await start('client', port);
    const all = [...peers.values()];
    await within(reads * PATIENCE, Promise.race(all.map(peer => peer.done)));

    const times: Partial<Record<Point, number[]>> = {};
    const memory: Partial<Record<Role, Memory>> = {};
    for (const [role, peer] of peers) {
      const report = await peer.report();
      Object.assign(times, report.times);
      memory[role] = report.memory;
    }
    const points = route(cell).map(point => times[point] ?? []);
    const hops = points.slice(1).map((next, i) => runAhead(points[i]!, next));
    return { ahead: runAhead(points[0]!, points.at(-1)!), hops, memory };
  } finally {
    await Promise.all([...peers.values()].map(peer => peer.stop()));
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the reader had not read enough after ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
