import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError } from './entry.ts';

/**
 * Makes the folder of a file when it is missing, but not those above: Node's recursive mkdirSync never returns where a
 * folder says that it is not there although the one above is, as in /proc (seen on Node 20).
 *
 * @throws InputError that says which folder is missing.
 */
export function makeFolderOf(path: string): void {
  const folder = dirname(resolve(path));
  try {
    if (!existsSync(folder)) mkdirSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return; // another program was faster
    const above = dirname(folder);
    throw new InputError(
      existsSync(above) ? `the folder ${folder} cannot be made: ${message}` : `there is no folder ${above}`,
      { cause: error },
    );
  }
}
