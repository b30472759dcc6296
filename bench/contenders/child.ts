import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  readonly args: readonly string[];
  readonly cwd: string;
}

/**
 * A process of a measurement, seen from its parent. Both send objects with one key, the kind of message, as JSON over Node's IPC
 * channel. Waiting for a message fails when the process ends first.
 */
export class Child<Message extends object> {
  readonly #name: string;
  readonly #child: ChildProcess;
  #stderr = '';

  /** @param name for errors. */
  constructor(name: string, command: string, { args, cwd }: ChildOptions) {
    this.#name = name;
    this.#child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.setMaxListeners(0);
    this.#child.stderr!.on('data', chunk => {
      this.#stderr = (this.#stderr + chunk).slice(-2000);
    });
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
