import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

export interface Outcome {
  /** Undefined when it was ended because it took too long. */
  readonly exitCode: number | null | undefined;
  /** The last of what it printed, errors as well. */
  readonly output: string;
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Its own children end with it, too. */
  readonly ownGroup?: boolean;
  /** How much of the end of its output is kept, in characters. Default: 8,000. */
  readonly maxOutput?: number;
}

const MAX_OUTPUT = 8_000;
/** Each with whether it leads a process group. */
const running = new Map<ChildProcess, boolean>();
let isWatching = false;

/** Starts a program that does not outlive this one. */
export function start([program, ...args]: CommandLine, options: Partial<RunOptions> = {}): ChildProcess {
  const { cwd, env, ownGroup = false } = options;
  watch();
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe', detached: ownGroup });
  running.set(child, ownGroup);
  const forget = (): void => void running.delete(child);
  child.once('exit', forget).once('error', forget);
  child.stdin.on('error', () => {}); // it may be gone
  return child;
}

/** However this program ends, short of SIGKILL, its children end with it. */
function watch(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const [child, ownGroup] of running) {
      if (ownGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
}

/** Runs a program to its end. */
export async function run(command: CommandLine, options: RunOptions): Promise<Outcome> {
  const child = start(command, options);
  const output = tailOf(child, options.maxOutput);
  child.stdin!.end();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, options.timeoutMs);
  try {
    const [exitCode] = await once(child, 'close');
    return { exitCode: isLate ? undefined : exitCode, output: output() };
  } catch (error) {
    return { exitCode: null, output: String(error) }; // there is no such program
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a server and waits until its port answers. @throws Error with what it printed when it does not. */
export async function startServer(command: CommandLine, port: number, timeoutMs = 30_000): Promise<ChildProcess> {
  const child = start(command, { ownGroup: true });
  const output = tailOf(child);
  const deadline = Date.now() + timeoutMs;
  let failure: unknown;
  child.once('error', error => {
    failure = error;
  });
  while (!(await answers(port))) {
    if (failure !== undefined || child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server does not listen: ${command.join(' ')}\n${failure ?? output()}`);
    }
    await sleep(50);
  }
  return child;
}

/** Ends a program, with force when it does not go by itself. */
export async function stop(child: ChildProcess, graceMs = 2_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function tailOf({ stdout, stderr }: ChildProcess, maxOutput = MAX_OUTPUT): () => string {
  let text = '';
  for (const stream of [stdout, stderr]) {
    stream!.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-maxOutput);
    });
  }
  return () => text;
}
