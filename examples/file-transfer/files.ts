import { lstat } from 'node:fs/promises';
import { Code, type Implementation, pull, RpcError } from 'rx-grpc';
import { concatAll, concatMap } from 'rx-grpc/operators';
import { catchError } from 'rxjs';
import type { Files } from '../gen/files.ts';
import { Inbox, type Told } from './inbox.ts';
import { placeIn } from './place-in.ts';
import { sendFile } from './send-file.ts';

/**
 * The files of a folder, for who wants them or brings more.
 *
 * @param failed told why a file could not be kept.
 */
export function files(folder: string, told: Told, failed: (error: Error) => void): Implementation<typeof Files> {
  const inbox = new Inbox(folder, told);
  return {
    find: request$ => request$.pipe(concatMap(async ({ name }) => ({ bytes: await inbox.found(name) }))),

    upload: part$ =>
      pull(() => inbox.receive(part$)).pipe(
        catchError(error => {
          if (error.syscall === undefined) throw error;
          failed(error);
          throw inWords(error);
        }),
      ),

    download: request$ =>
      request$.pipe(
        concatMap(async ({ name, from }) => sendFile(await fileIn(folder, name), name, Number(from))),
        concatAll(),
      ),
  };
}

/** Without this a sender would see UNKNOWN. That the disk is full is theirs to know, the path is not. */
function inWords(error: NodeJS.ErrnoException): RpcError {
  const code = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? Code.RESOURCE_EXHAUSTED : Code.FAILED_PRECONDITION;
  return new RpcError(code, `the server cannot keep the file: ${error.code}`, { cause: error });
}

/** Of a link nobody knows whether it leads out of the folder. */
async function fileIn(folder: string, name: string): Promise<string> {
  const { path } = placeIn(folder, name);
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) throw new RpcError(Code.NOT_FOUND, `there is no file ${name}`);
  return path;
}
