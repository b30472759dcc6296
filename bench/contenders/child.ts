import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly execArgv?: readonly string[];
}

/**
 * A process of a measurement, seen from its parent: it sends objects with one key, the kind of message. Whatever is waited
 * for is an error when the process ends first.
 */
export class Child<Message extends object> {
  readonly #name: string;
  readonly #child: ChildProcess;
  #stderr = '';

  /** @param name for errors. */
  constructor(name: string, file: string, { args, cwd, execArgv = [] }: ChildOptions) {
    this.#name = name;
    this.#child = fork(file, [...args], {
      cwd,
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.setMaxListeners(0);
    this.#child.stderr!.on('data', chunk => {
      this.#stderr = (this.#stderr + chunk).slice(-2000);
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  send(message: object | string): void {
    this.#child.send(message);
  }

  /** The next message of a kind. */
  next<K extends keyof Message>(kind: K): Promise<NonNullable<Message[K]>> {
    const next = new Promise<NonNullable<Message[K]>>((resolve, reject) => {
      const onMessage = (message: Message) => {
        if (message[kind] === undefined || message[kind] === null) return;
        this.#child.off('message', onMessage).off('close', onClose);
        resolve(message[kind]);
      };
      const onClose = (code: number | null) =>
        reject(new Error(`${this.#name} ended with ${code} before it was ${String(kind)}: ${this.#stderr}`));
      this.#child.on('message', onMessage).once('close', onClose);
    });
    next.catch(() => {}); // it may be waited for later
    return next;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
