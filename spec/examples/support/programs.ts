import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { compileAll, compiledPath } from '../../support/compiled.ts';

const examples = join(import.meta.dirname, '../../../examples');

/** How a program ended. */
export interface Ended {
  /** null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of an example, running in a process of its own. */
export interface Running {
  readonly process: ChildProcess;
  /** The first match in its output so far or later; rejects when the program ends without one. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly ended: Promise<Ended>;
}

const running = new Set<ChildProcess>();

/** @param program `conversations/server` */
export function start(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [compiledProgram(program), ...args], {
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

let areCompiled = false;

/** The path of a program compiled to JavaScript. Sibling programs that some programs start are compiled, too. */
export function compiledProgram(program: string): string {
  if (!areCompiled) compileAll(programs());
  areCompiled = true;
  return compiledPath(join(examples, `${program}.ts`));
}

/** All programs of the examples: the modules that do their work when they are loaded. */
function programs(): readonly string[] {
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).map(name => join(examples, name));
  return files.filter(file => file.endsWith('.ts') && /^await run/m.test(readFileSync(file, 'utf8')));
}

/** A server on a free port; `at` holds the arguments with which a client reaches it. */
export async function startServer(
  program: string,
  ...args: string[]
): Promise<Running & { target: string; at: string[] }> {
  const server = start(program, ['--port', '0', ...args]);
  const [, target, port] = await server.printed(/^listening on (http:\/\/127\.0\.0\.1:(\d+))$/m);
  return { ...server, target: target!, at: ['--port', port!] };
}

/** Ends a program as Ctrl-C does. */
export function interrupt(program: Running): Promise<Ended> {
  program.process.kill('SIGINT');
  return program.ended;
}

/** Kills the processes that a failed spec left running. */
export async function killAll(): Promise<void> {
  await Promise.all(
    [...running].map(child => {
      const closed = new Promise(resolve => child.once('close', resolve));
      child.kill('SIGKILL');
      return closed;
    }),
  );
}

/** A port without a listener. */
export async function freePort(): Promise<string> {
  const probe = createServer();
  const port = await new Promise<number>(resolve => {
    probe.listen(0, '127.0.0.1', () => resolve((probe.address() as { port: number }).port));
  });
  await new Promise(resolve => probe.close(resolve));
  return String(port);
}
