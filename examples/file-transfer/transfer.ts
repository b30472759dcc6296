import { type ClientOf, pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import type { MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { Files, Part, Received } from '../gen/files.ts';
import type { Inbox } from './inbox.ts';
import { sendFile } from './send-file.ts';

/** Sends a file, what the server does not have of it. Emits how far it has come over there. */
export function upload(
  files: ClientOf<typeof Files>,
  path: string,
  name: string,
  onTheWay: MonoTypeOperatorFunction<Part>,
): Observable<Received> {
  return files
    .find({ name })
    .pipe(concatMap(({ bytes }) => sendFile(path, name, Number(bytes)).pipe(onTheWay, files.upload)));
}

/** Fetches a file, what the inbox does not have of it. Emits how far it has come here. */
export function download(
  files: ClientOf<typeof Files>,
  inbox: Inbox,
  name: string,
  onTheWay: MonoTypeOperatorFunction<Part>,
): Observable<Received> {
  return pull(async () => inbox.receive(files.download({ name, from: await inbox.found(name) }).pipe(onTheWay), name));
}
