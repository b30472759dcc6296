import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type CommandLine, start } from '../processes.ts';
import type { CallRecord, Plan } from './plan.ts';

/** A running client or server that tells of its calls line by line. */
export class Program {
  /** Of a server: where it listens. */
  readonly port: Promise<number>;
  readonly #child: ChildProcess;
  readonly #begun = new Set<number>();
  readonly #ended = new Map<number, CallRecord>();
  readonly #waiting = new Set<() => void>();
  #lastLine = performance.now();
  #complaints = '';

  constructor(command: CommandLine) {
    this.#child = start(command);
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4_000);
    });
    const lines = createInterface({ input: this.#child.stdout! });
    this.port = new Promise(resolve => {
      lines.on('line', line => {
        const said: CallRecord | number = JSON.parse(line);
        if (typeof said === 'number') resolve(said);
        else if (said.event === 'begun') this.#begun.add(said.call);
        else this.#ended.set(said.call, said);
        this.#lastLine = performance.now();
        for (const look of this.#waiting) look();
      });
    });
    this.#child.once('exit', () => {
      for (const look of this.#waiting) look();
    });
  }

  /** What it complained of, when it has ended although nobody killed it. */
  get failure(): string | undefined {
    const { exitCode } = this.#child;
    return exitCode === null || exitCode === 0 ? undefined : `exit code ${exitCode}\n${this.#complaints}`;
  }

  call(plan: Plan): void {
    this.#child.stdin!.write(`${JSON.stringify(plan)}\n`);
  }

  hasBegun(call: number): boolean {
    return this.#begun.has(call);
  }

  recordOf(call: number): CallRecord | undefined {
    return this.#ended.get(call);
  }

  /** Whether all these calls have begun, or ended, in time. */
  allBegun(calls: readonly number[], timeoutMs: number): Promise<boolean> {
    return this.#until(() => calls.every(call => this.#begun.has(call)), timeoutMs);
  }

  allEnded(calls: readonly number[], timeoutMs: number): Promise<boolean> {
    return this.#until(() => calls.every(call => this.#ended.has(call)), timeoutMs);
  }

  /** Waits until all has ended that has begun and nothing has been said for a while, but no longer than this. */
  async settled(timeoutMs: number, quietMs = 500): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    const isQuiet = () =>
      performance.now() - this.#lastLine >= quietMs && [...this.#begun].every(call => this.#ended.has(call));
    while (!isQuiet() && this.#child.exitCode === null && performance.now() < deadline) {
      await this.#until(isQuiet, quietMs);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #until(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise(resolve => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(isSo());
      };
      const look = (): void => {
        if (isSo() || this.#child.exitCode !== null) end();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}
