import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type CommandLine, start } from '../processes.ts';
import type { CallRecord, Streams } from './plan.ts';

/** A backend in a process of its own, which tells of its calls line by line. */
export class BackendProcess {
  /** Where it listens. */
  readonly port: Promise<number>;
  readonly #child: ChildProcess;
  readonly #records = new Map<number, CallRecord>();
  readonly #begun = new Map<number, number>();
  readonly #looks = new Set<() => void>();
  /** The connections that calls came from. */
  readonly peers = new Set<string>();
  #streams: Streams | undefined;

  constructor(command: CommandLine) {
    this.#child = start(command);
    this.#child.stderr!.pipe(process.stderr);
    this.port = new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stdout! }).on('line', line => {
        const said: CallRecord | Streams | number = JSON.parse(line);
        if (typeof said === 'number') resolve(said);
        else this.#take(said);
        for (const look of this.#looks) look();
      });
      this.#child.once('exit', () => {
        reject(new Error(`the backend has ended: ${command.join(' ')}`));
        for (const look of this.#looks) look();
      });
    });
    this.port.catch(() => {});
  }

  #take(said: CallRecord | Streams): void {
    if (!('call' in said)) {
      this.#streams = said;
      return;
    }
    if (said.event === 'begun') this.#begun.set(said.call, this.timesBegun(said.call) + 1);
    if (said.peer !== undefined) this.peers.add(said.peer);
    this.#records.set(said.call, { ...this.#records.get(said.call), ...said });
  }

  /** More than once where something on the way has repeated the call. */
  timesBegun(call: number): number {
    return this.#begun.get(call) ?? 0;
  }

  recordOf(call: number): CallRecord | undefined {
    return this.#records.get(call);
  }

  /** Whether the call has begun in time. */
  begun(call: number, ms: number): Promise<boolean> {
    return this.#until(() => this.timesBegun(call) > 0, ms);
  }

  /** What it saw of the call, when that has ended in time. */
  async ended(call: number, ms: number): Promise<CallRecord | undefined> {
    const isEnded = () => this.recordOf(call)?.event === 'ended';
    return (await this.#until(isEnded, ms)) ? this.recordOf(call) : undefined;
  }

  /** What it has seen of a call so far. */
  async now(call: number): Promise<CallRecord | undefined> {
    const before = this.recordOf(call);
    this.#child.stdin!.write(`${call}\n`);
    await this.#until(() => this.recordOf(call) !== before, 2_000);
    return this.recordOf(call);
  }

  /** How many HTTP/2 streams are over. */
  async closedStreams(): Promise<number> {
    this.#streams = undefined;
    this.#child.stdin!.write('streams\n');
    await this.#until(() => this.#streams !== undefined, 2_000);
    return (this.#streams as Streams | undefined)?.closed ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #until(isSo: () => boolean, ms: number): Promise<boolean> {
    return new Promise(resolve => {
      const end = (): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve(isSo());
      };
      const look = (): void => {
        if (isSo() || this.#child.exitCode !== null || this.#child.signalCode !== null) end();
      };
      const timer = setTimeout(end, ms);
      this.#looks.add(look);
      look();
    });
  }
}
