import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Point } from './cells.ts';
import type { Task } from './participant.ts';
import type { ResidentMemory } from './resident-memory.ts';

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

/** A participant, seen from its parent. Whatever is waited for is an error when the process ends first. */
export class Peer {
  readonly #task: Task;
  readonly #child: ChildProcess;
  #stderr = '';
  /** Its port, when it listens. */
  readonly ready: Promise<number>;
  /** Its reader has read enough. */
  readonly done: Promise<true>;

  constructor(task: Task) {
    this.#task = task;
    this.#child = fork(`${folder}dist/participant.js`, [JSON.stringify(task)], {
      cwd: folder,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr!.on('data', chunk => {
      this.#stderr = (this.#stderr + chunk).slice(-2000);
    });
    this.ready = this.#next('ready');
    this.done = this.#next('done');
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  report(): Promise<Report> {
    const report = this.#next('report');
    this.#child.send('report');
    return report;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #next<K extends keyof Message>(kind: K): Promise<NonNullable<Message[K]>> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message: Message) => {
        if (message[kind] !== undefined) resolve(message[kind]);
      });
      this.#child.once('close', code => {
        const { file, role } = this.#task;
        reject(new Error(`the ${role} of ${file} ended with ${code} before it was ${kind}: ${this.#stderr}`));
      });
    });
  }
}
