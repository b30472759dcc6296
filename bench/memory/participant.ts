// One process of a trial: forked by peer.ts, with its task as the argument. It ends when its parent does.
import { resetMax, residentMemory } from '../contenders/resident-memory.ts';
import type { Cell, Role } from './cells.ts';
import type { Contender } from './contender.ts';
import { Line } from './line.ts';

export interface Task {
  readonly file: string;
  readonly cell: Cell;
  readonly role: Role;
  readonly reads: number;
  /** Of the process to call; 0 for the server. */
  readonly port: number;
}

process.on('disconnect', () => process.exit());
const { file, cell, role, reads, port }: Task = JSON.parse(process.argv[2]!);
const { contender }: { contender: Contender } = await import(`./contenders/${file}.js`);
const line = new Line(cell, reads, () => process.send!({ done: true }));
process.on('message', () => process.send!({ report: { times: line.times, memory: { idle, ...residentMemory() } } }));
let idle = 0;
const ready = (port: number): void => {
  resetMax();
  idle = residentMemory().now;
  process.send!({ ready: port });
};

if (role === 'client') {
  ready(0);
  await contender.call(line, port);
} else {
  ready(await (role === 'server' ? contender.serve(line) : contender.relay(line, port)));
}
