import { join } from 'node:path';
import { Child } from '../contenders/child.ts';
import type { Cell } from './cells.ts';
import type { Answer, Request, Task, Usage } from './participant.ts';
import { programs } from './programs.ts';
import type { Slice } from './work.ts';

/** Seconds after which a contender that has not done its work is given up. */
const PATIENCE_S = 120;

export interface PairOptions {
  /** The folder of another build of rx-grpc. */
  readonly build?: string | undefined;
}

/** The server and the client of one contender, each a process. */
export class Pair {
  readonly #server: Child<Answer>;
  #client: Child<Answer> | undefined;

  /** Starts both. */
  static async start(file: string, options: PairOptions = {}): Promise<Pair> {
    const pair = new Pair(file, options);
    try {
      const port = await pair.#server.next('port');
      pair.#client = participant({ file, role: 'client', port }, options);
      await pair.#client.next('port');
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  private constructor(file: string, options: PairOptions) {
    this.#server = participant({ file, role: 'server', port: 0 }, options);
  }

  /** Does the work of a cell for so long, and adds the server's CPU seconds. */
  async slice(cell: Cell, seconds: number): Promise<Slice & { readonly serverCpu: number }> {
    const before = await ask(this.#server, { usage: true }, 'usage');
    const slice = await within(PATIENCE_S, ask(this.#client!, { slice: { cell, seconds } }, 'slice'));
    const after = await ask(this.#server, { usage: true }, 'usage');
    return { ...slice, serverCpu: after.cpu - before.cpu };
  }

  /** Milliseconds from the start of the client's process to its first response. */
  first(): Promise<number> {
    return ask(this.#client!, { first: true }, 'first');
  }

  async usage(): Promise<{ readonly server: Usage; readonly client: Usage }> {
    return {
      server: await ask(this.#server, { usage: true }, 'usage'),
      client: await ask(this.#client!, { usage: true }, 'usage'),
    };
  }

  /** Does some work while both are watched, and leaves a profile of each at `path(role)`. */
  async profiled(work: () => Promise<unknown>, path: (role: Task['role']) => string): Promise<void> {
    const roles = [
      ['server', this.#server],
      ['client', this.#client!],
    ] as const;
    for (const [, child] of roles) await ask(child, { profile: true }, 'profiled');
    await work();
    for (const [role, child] of roles) await ask(child, { stopProfile: path(role) }, 'profiled');
  }

  async stop(): Promise<void> {
    await this.#client?.stop();
    await this.#server.stop();
  }
}

function participant(task: Task, { build }: PairOptions): Child<Answer> {
  return new Child(`the ${task.role} of ${task.file}`, join(programs(build), 'throughput/participant.js'), {
    args: [JSON.stringify(task)],
    cwd: import.meta.dirname,
  });
}

function ask<K extends keyof Answer>(child: Child<Answer>, request: Request, kind: K): Promise<NonNullable<Answer[K]>> {
  const answer = child.next(kind);
  child.send(request);
  return answer;
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
