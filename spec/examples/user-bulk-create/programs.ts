import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interrupt, type Running, start as startProgram } from '../support/programs.ts';

export { killAll, type Running } from '../support/programs.ts';

export function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  return startProgram(`user-bulk-create/${program}`, args, env);
}

/** A server on a free port, and its address. */
export async function startServer(database: string, ...args: string[]): Promise<Running & { target: string }> {
  const server = start('server', ['--listen', 'http://127.0.0.1:0', '--database', database, ...args]);
  const [, target] = await server.printed(/listening on (\S+),/);
  return { ...server, target: target! };
}

/** Ends the server with Ctrl-C and returns the number of users that it reports in its database. */
export async function stopServer(server: Running): Promise<number> {
  const { stdout } = await interrupt(server);
  return Number(/, ([\d,]+) users in .*\n(?=memory)/.exec(stdout)?.[1]?.replaceAll(',', ''));
}

/** A temporary folder, and how to delete it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rx-grpc-spec-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
