import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folderOf = fileURLToPath(new URL('../../../examples/user-bulk-create/', import.meta.url));

/** How a program ended. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the example, running in a process of its own. */
export interface Running {
  readonly process: ChildProcess;
  /** The first match in what it has printed so far or will print; fails when it ends without. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly ended: Promise<Ended>;
}

const running = new Set<ChildProcess>();

export function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, ['--import', 'tsx', join(folderOf, `${program}.ts`), ...args], {
    env: { ...process.env, ...env },
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  const onOutput = new Set<() => void>();
  const lookAgain = () => {
    for (const look of onOutput) look();
  };
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
    lookAgain();
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
    lookAgain();
  });
  child.stdin.on('error', () => {}); // it may end before it has read everything
  const ended = new Promise<Ended>(resolve => {
    child.once('close', code => {
      running.delete(child);
      resolve({ code, stdout, stderr });
      lookAgain();
    });
  });
  const printed = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout + stderr);
        if (match === null && running.has(child)) return;
        onOutput.delete(look);
        if (match !== null) resolve(match);
        else reject(new Error(`${program} ended without printing ${pattern}:\n${stdout}${stderr}`));
      };
      onOutput.add(look);
      look();
    });
  return { process: child, printed, ended };
}

/** A server on a free port, and its address. */
export async function startServer(database: string, ...args: string[]): Promise<Running & { target: string }> {
  const server = start('server', ['--listen', 'http://127.0.0.1:0', '--database', database, ...args]);
  const [, target] = await server.printed(/listening on (\S+),/);
  return { ...server, target: target! };
}

/** Ends it as Ctrl-C does; the number of users that it says are in its database. */
export async function stopServer(server: Running): Promise<number> {
  server.process.kill('SIGINT');
  const { stdout } = await server.ended;
  return Number(/, ([\d,]+) users in .*\n(?=memory)/.exec(stdout)?.[1]?.replaceAll(',', ''));
}

/** Kills what a failed spec left running. */
export async function killAll(): Promise<void> {
  await Promise.all(
    [...running].map(child => {
      const closed = new Promise(resolve => child.once('close', resolve));
      child.kill('SIGKILL');
      return closed;
    }),
  );
}

/** A temporary folder, and its end. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rx-grpc-spec-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
