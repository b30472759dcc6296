import { type ClientOf, close, connect } from 'rx-grpc';
import { Users } from '../gen/users.ts';
import { connectionOf } from '../support/connection.ts';
import { explain } from '../support/explain.ts';
import { InputError } from './entry.ts';
import { exitCode } from './exit-code.ts';
import { Ledger } from './ledger.ts';
import { MemoryWatch } from './memory.ts';
import { openFiles } from './open-files.ts';
import { openInput } from './open-input.ts';
import { forgetPosition, savePosition } from './position.ts';
import { showProgress } from './progress.ts';
import { type Format, readUsers } from './read-users.ts';
import { summary } from './summary.ts';
import { upload } from './upload.ts';

export interface UploadOptions {
  /** A file, or `-` for standard input. */
  readonly input: string;
  readonly format?: Format | undefined;
  readonly target: string;
  /** Lines to pass over. */
  readonly skip: number;
  /** Go on where the last upload of this input ended. */
  readonly resume: boolean;
  /** Default: beside the input, or in the working directory for standard input. */
  readonly rejects?: string | undefined;
  readonly position?: string | undefined;
  readonly failOnReject: boolean;
  /** Seconds between two lines of progress when there is no terminal. */
  readonly every: number;
}

const SAVE_MS = 1000;

/** Uploads, tells the person how it goes on and how it ended, and gives the exit code. */
export async function runUpload(options: UploadOptions, signal: AbortSignal): Promise<number> {
  const { input, target } = options;
  const base = input === '-' ? 'stdin' : input;
  const { rejects: rejectsPath = `${base}.rejects.csv`, position = `${base}.position.json` } = options;
  const users = usersAt(target);
  const connection = connectionOf(users);
  const { stream, format, bytes } = openInput(input, options.format);
  const files = openFiles({ input, rejects: rejectsPath, position }, bytes, options.resume);
  const { rejects } = files;
  const afterLine = Math.max(options.skip, files.afterLine);
  const ledger = new Ledger((entry, errors) => rejects.add(entry, errors), afterLine);
  const { tally } = ledger;

  const save = () => {
    // Before the first answer, the files of the upload before stay as they are.
    if (tally.line > 0) savePosition(position, { line: tally.line, rejectsBytes: rejects.flush(), inputBytes: bytes });
  };
  const stop = new AbortController();
  const saving = setInterval(() => attempt(save, error => stop.abort(error)), SAVE_MS).unref();
  const memory = new MemoryWatch(() => tally.created + tally.existed + tally.rejected);
  const endProgress = showProgress(tally, bytes, options.every * 1000);
  const start = performance.now();
  const read = () => readUsers(stream, format, afterLine);
  let failure: unknown;
  const ending = await upload(read, users.createUser, ledger, AbortSignal.any([signal, stop.signal])).catch(error => {
    failure = error;
  });
  if (stop.signal.aborted) failure ??= stop.signal.reason;
  const seconds = (performance.now() - start) / 1000;
  endProgress();
  clearInterval(saving);
  stream.destroy();
  close(users);

  console.log(summary(tally, seconds, memory.stop()));
  if (tally.rejected > 0) console.log(`rejects   ${rejects.path}`);

  let isSaved = true;
  attempt(
    () => {
      if (ending !== 'complete') return save();
      rejects.flush();
      forgetPosition(position);
    },
    error => {
      isSaved = false;
      failure ??= error;
    },
  );
  rejects.close();

  const goOn = isSaved ? '--resume' : `--skip ${tally.line}`;
  const far =
    tally.line > 0 ? `last acknowledged line: ${tally.line}; ${goOn} goes on after it` : 'nothing was acknowledged';
  if (failure !== undefined) {
    console.error(`${explain(failure, target, await connection())}; ${far}`);
    return failure instanceof InputError ? exitCode.usage : exitCode.failed;
  }
  if (ending === 'interrupted') {
    console.error(`interrupted; ${far}`);
    return exitCode.interrupted;
  }
  return tally.rejected > 0 && options.failOnReject ? exitCode.rejects : exitCode.ok;
}

function usersAt(target: string): ClientOf<typeof Users> {
  try {
    return connect(Users, target);
  } catch (error) {
    throw new InputError((error as Error).message, { cause: error });
  }
}

function attempt(write: () => void, onError: (error: unknown) => void): void {
  try {
    write();
  } catch (error) {
    onError(error);
  }
}
