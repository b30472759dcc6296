import { Child } from '../contenders/child.ts';
import type { Cell } from './cells.ts';
import type { Variant } from './contender.ts';
import type { Answer, Request, Task, Usage } from './participant.ts';
import { fileOf, programOf } from './programs.ts';
import type { Slice } from './work.ts';

/** Seconds after which a variant that has not done its work is given up. */
const PATIENCE_S = 120;

/** The server and the client of one variant, each a process. */
export class Pair {
  readonly #server: Child<Answer>;
  #client: Child<Answer> | undefined;

  /** Starts both. */
  static async start(variant: Variant): Promise<Pair> {
    const pair = new Pair(variant);
    try {
      const port = await pair.#server.next('port');
      pair.#client = participant(variant, 'client', port);
      await pair.#client.next('port');
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  private constructor(variant: Variant) {
    this.#server = participant(variant, 'server', 0);
  }

  /** Gives each process the heap of an application, and notes how much memory it has from then on. */
  async prepare(): Promise<void> {
    for (const child of this.#both) await ask(child, { prepare: true }, 'done');
  }

  /** Has both do a mark-compact. */
  async collect(): Promise<void> {
    for (const child of this.#both) await ask(child, { collect: true }, 'done');
  }

  /** Does the work of a cell for so long, and adds the server's CPU seconds. */
  async slice(cell: Cell, seconds: number, patienceS = PATIENCE_S): Promise<Slice & { readonly serverCpu: number }> {
    const before = await ask(this.#server, { usage: true }, 'usage');
    const slice = await within(patienceS, ask(this.#client!, { slice: { cell, seconds } }, 'slice'));
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
    for (const [, child] of roles) await ask(child, { profile: true }, 'done');
    await work();
    for (const [role, child] of roles) await ask(child, { stopProfile: path(role) }, 'done');
  }

  async stop(): Promise<void> {
    await this.#client?.stop();
    await this.#server.stop();
  }

  get #both(): readonly Child<Answer>[] {
    return [this.#server, this.#client!];
  }
}

function participant(variant: Variant, role: Task['role'], port: number): Child<Answer> {
  const { command, args } = programOf(variant);
  const task: Task = { file: fileOf(variant), role, port };
  return new Child(`the ${role} of ${variant.name}`, command, {
    args: [...args, JSON.stringify(task)],
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
