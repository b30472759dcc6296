import { existsSync, type FSWatcher, statSync, watch as watchFolder } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Look, Report } from './run.ts';

export interface WatchOptions {
  /** Generates once, and reports the paths that it looks at. Never rejects. */
  readonly run: (look: Look) => Promise<Report>;
  readonly print: (report: Report) => void;
  /** Stops watching. */
  readonly signal: AbortSignal;
}

// Editors write in several steps, so a change counts once the folder has been quiet for this time.
const quietMs = 50;

/**
 * Generates now, and again after each change of a .proto that was looked for, found or not. Resolves when `signal`
 * aborts.
 */
export async function watch({ run, print, signal }: WatchOptions): Promise<void> {
  const watchers = new Map<string, FSWatcher>();
  let wake = (): void => {};
  let changed = true;
  let timer: NodeJS.Timeout | undefined;
  const change = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      changed = true;
      wake();
    }, quietMs);
  };
  const stop = (): void => wake();
  signal.addEventListener('abort', stop);
  while (!signal.aborted) {
    if (!changed) {
      await new Promise<void>(resume => {
        wake = resume;
      });
      continue;
    }
    changed = false;
    const begun = Date.now();
    const folders = new Set<string>();
    const paths = new Set<string>();
    // Folders are watched before they are read, so that no change between the two is missed.
    const onFolder = (folder: string): void => {
      folders.add(present(resolve(folder)));
      follow(watchers, folders, change);
    };
    const report = await run({ onFolder, onPath: path => paths.add(resolve(path)) });
    if (signal.aborted) break;
    for (const path of paths) folders.add(present(dirname(path)));
    const added = follow(watchers, folders, change);
    for (const [folder, watcher] of watchers) if (!folders.has(folder)) close(watchers, folder, watcher);
    print(report);
    if ([...paths].some(path => added.has(dirname(path)) && modifiedMs(path) >= begun)) change();
  }
  signal.removeEventListener('abort', stop);
  clearTimeout(timer);
  for (const watcher of watchers.values()) watcher.close();
}

/** Watches the folders that are not watched yet, and returns them. */
function follow(
  watchers: Map<string, FSWatcher>,
  folders: ReadonlySet<string>,
  change: () => void,
): ReadonlySet<string> {
  const added = new Set<string>();
  for (const folder of folders) {
    if (watchers.has(folder)) continue;
    try {
      const watcher = watchFolder(folder, (event, name) => {
        // Ignores generated files and redirected output, which may be in the same folder. A name without a dot that
        // comes or goes may be a folder.
        if (name === null || name.endsWith('.proto') || (event === 'rename' && !name.includes('.'))) change();
      });
      watcher.on('error', () => {
        close(watchers, folder, watcher);
        change();
      });
      watchers.set(folder, watcher);
      added.add(folder);
    } catch {
      // The folder is gone. The next run watches its parent, which reports when the folder is back.
      change();
    }
  }
  return added;
}

function close(watchers: Map<string, FSWatcher>, folder: string, watcher: FSWatcher): void {
  watcher.close();
  watchers.delete(folder);
}

/** The folder, or its nearest existing parent. */
function present(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : present(dirname(folder));
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
