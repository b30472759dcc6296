import { readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Makes this process the only one at work on a database file, by a file `<path>.pid` beside it; gives back the release.
 *
 * node-sqlite3-wasm locks with a directory `<path>.lock`, which a killed process leaves behind. What a dead process left
 * is cleared here; of a living one, it is an error. A pid that the system gave to another program meanwhile reads as
 * living: the message says what to do. Two starts within the same millisecond after a crash are not told apart.
 *
 * @throws Error when another process, or this one, is at work on it.
 */
export function claim(path: string): () => void {
  const pidFile = `${path}.pid`;
  for (;;) {
    try {
      writeFileSync(pidFile, `${process.pid}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = ownerOf(pidFile);
      if (isAlive(owner) && (owner !== process.pid || claimed.has(path))) {
        throw new Error(`in use by process ${owner} (if that is no server of users, remove ${pidFile})`);
      }
      rmSync(pidFile, { force: true });
    }
  }
  claimed.add(path);
  clearLock(path);
  return () => {
    claimed.delete(path);
    rmSync(pidFile, { force: true });
  };
}

/** A process knows its own: in a container each start may have the pid of the one before. */
const claimed = new Set<string>();

function ownerOf(pidFile: string): number {
  try {
    return Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  } catch {
    return Number.NaN; // gone meanwhile, or unreadable: nobody's
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function clearLock(path: string): void {
  try {
    rmdirSync(`${path}.lock`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
