import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ExitCode, Failure } from './exit-code.ts';

/**
 * Writes all files, or none if one cannot be written. Each file is written to a temporary file beside its target first,
 * then all are moved. The whole step is synchronous. A signal during it takes effect afterwards, so that no temporary
 * file remains.
 *
 * @throws Failure
 */
export function writeFiles(write: readonly { path: string; text: string }[], remove: readonly string[] = []): void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const held: NodeJS.Signals[] = [];
  const hold = (signal: NodeJS.Signals): void => {
    held.push(signal);
  };
  const release = (): void => {
    for (const signal of signals) process.off(signal, hold);
    // Other listeners have received the signal already.
    if (held[0] !== undefined && process.listenerCount(held[0]) === 0) process.kill(process.pid, held[0]);
  };
  for (const signal of signals) process.on(signal, hold);
  try {
    writeAll(write);
    for (const path of remove) rmSync(path, { force: true });
  } catch (error) {
    throw new Failure(ExitCode.FILES, `cannot be written: ${(error as Error).message}`, error);
  } finally {
    // The event loop delivers pending signals between these two turns at the latest.
    setImmediate(() => setImmediate(release));
  }
}

function writeAll(write: readonly { path: string; text: string }[]): void {
  const made: string[] = [];
  const beside: (readonly [string, string])[] = [];
  try {
    for (const { path, text } of write) {
      makeFolder(dirname(path), made);
      const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
      beside.push([temporary, path]);
      writeFileSync(temporary, text, { flag: 'wx' });
    }
    for (const [temporary, path] of beside) renameSync(temporary, path);
  } catch (error) {
    for (const [temporary] of beside) rmSync(temporary, { force: true });
    for (const folder of made.reverse()) removeIfEmpty(folder);
    throw error;
  }
}

/**
 * Creates a folder and its parents, and adds each new one to `made`. Node's own `recursive` loops for ever where a file
 * system denies access to an existing folder, as /proc does.
 */
function makeFolder(folder: string, made: string[]): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  makeFolder(dirname(folder), made);
  mkdirSync(folder);
  made.push(folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // The folder is not empty.
  }
}
