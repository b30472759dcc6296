import { fileURLToPath } from 'node:url';
import { Child } from '../contenders/child.ts';
import type { ResidentMemory } from '../contenders/resident-memory.ts';
import type { Point } from './cells.ts';
import type { Task } from './participant.ts';

export interface Memory extends ResidentMemory {
  /** When the process was ready: it listens, or is about to call. */
  readonly idle: number;
}

export interface Report {
  readonly times: Partial<Record<Point, number[]>>;
  readonly memory: Memory;
}

type Message = { ready?: number; done?: true; report?: Report };

const folder = fileURLToPath(new URL('.', import.meta.url));

/** A participant, seen from its parent. */
export class Peer {
  readonly #child: Child<Message>;
  /** Its port, when it listens. */
  readonly ready: Promise<number>;
  /** Its reader has read enough. */
  readonly done: Promise<true>;

  constructor(task: Task) {
    this.#child = new Child(`the ${task.role} of ${task.file}`, process.execPath, {
      args: [`${folder}dist/memory/participant.js`, JSON.stringify(task)],
      cwd: folder,
    });
    this.ready = this.#child.next('ready');
    this.done = this.#child.next('done');
  }

  report(): Promise<Report> {
    const report = this.#child.next('report');
    this.#child.send('report');
    return report;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
