import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ExitCode, Failure } from './exit-code.ts';

/**
 * Writes all files or, when one cannot be written, none: each is written beside its place first, then all are moved.
 * One synchronous step: a signal that comes meanwhile takes effect behind it, so that nothing is left beside its place.
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
    // Whoever listens besides has had it already.
    if (held[0] !== undefined && process.listenerCount(held[0]) === 0) process.kill(process.pid, held[0]);
  };
  for (const signal of signals) process.on(signal, hold);
  try {
    writeAll(write);
    for (const path of remove) rmSync(path, { force: true });
  } catch (error) {
    throw new Failure(ExitCode.FILES, `cannot be written: ${(error as Error).message}`, error);
  } finally {
    // The event loop delivers signals: between the first of these and the second at the latest.
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

/** Tells of each folder that it makes. Node's own `recursive` never ends where a file system denies a folder that is there: /proc. */
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
    // Something is in it.
  }
}
