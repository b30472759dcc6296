import { lstat } from 'node:fs/promises';
import { Code, type Implementation, RpcError } from 'rx-grpc';
import { concatAll, concatMap } from 'rx-grpc/operators';
import type { Files } from '../gen/files.ts';
import { Inbox, type Told } from './inbox.ts';
import { placeIn } from './place-in.ts';
import { sendFile } from './send-file.ts';

/** The files of a folder, for who wants them or brings more. */
export function files(folder: string, told: Told): Implementation<typeof Files> {
  const inbox = new Inbox(folder, told);
  return {
    find: request$ => request$.pipe(concatMap(async ({ name }) => ({ bytes: await inbox.found(name) }))),

    upload: part$ => inbox.receive(part$),

    download: request$ =>
      request$.pipe(
        concatMap(async ({ name, from }) => sendFile(await fileIn(folder, name), name, Number(from))),
        concatAll(),
      ),
  };
}

/** Of a link nobody knows whether it leads out of the folder. */
async function fileIn(folder: string, name: string): Promise<string> {
  const { path } = placeIn(folder, name);
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) throw new RpcError(Code.NOT_FOUND, `there is no file ${name}`);
  return path;
}
