import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientOf, close, connect, implement, isRpcError, type Server, serve } from 'rx-grpc';
import { lastValueFrom, type Observable } from 'rxjs';
import { files } from '../../../examples/file-transfer/files.ts';
import { Files } from '../../../examples/gen/files.ts';

/** New folders on both sides of a server for each spec. */
export interface Bench {
  folder: string;
  here: string;
  there: string;
  client: ClientOf<typeof Files>;
  /** The errors that the server was notified of and its callers were not. */
  failures: unknown[];
  /** Creates a local file with this many bytes and returns its path. */
  noise(bytes: number): string;
  /** Whether the remote file equals the local one. */
  isSame(): boolean;
}

export function useBench(): Bench {
  const bench = {} as Bench;
  let server: Server;
  beforeEach(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rx-grpc-spec-'));
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    for (const path of [here, there]) mkdirSync(path);
    const failures: unknown[] = [];
    server = await serve(
      'http://127.0.0.1:0',
      implement(
        Files,
        files(
          there,
          () => {},
          error => failures.push(error),
        ),
      ),
    );
    Object.assign(bench, {
      folder,
      here,
      there,
      failures,
      client: connect(Files, server.target),
      noise: (bytes: number) => {
        const path = join(here, 'noise.bin');
        writeFileSync(path, randomFillSync(Buffer.alloc(bytes)));
        return path;
      },
      isSame: () => readFileSync(join(here, 'noise.bin')).equals(readFileSync(join(there, 'noise.bin'))),
    } satisfies Bench);
  });
  afterEach(async () => {
    close(bench.client);
    await server.shutdown({ graceMs: 0 });
    rmSync(bench.folder, { recursive: true });
  });
  return bench;
}

/** A transfer without interference. */
export const asIs = <T>(x$: Observable<T>): Observable<T> => x$;

/** The code that a call ends with. */
export function codeOf(call$: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(call$, { defaultValue: undefined }).then(
    () => 'no error',
    error => (isRpcError(error) ? error.code : error),
  );
}
