import { Code, close, codeName, connect, isRpcError, load } from 'rx-grpc';
import { InputError } from './entry.ts';
import { exitCode } from './exit-code.ts';
import { Ledger } from './ledger.ts';
import { MemoryWatch } from './memory.ts';
import { openInput } from './open-input.ts';
import { forgetPosition, loadPosition, savePosition } from './position.ts';
import { showProgress } from './progress.ts';
import { protoFile } from './proto-file.ts';
import { type Format, readUsers } from './read-users.ts';
import { RejectsFile } from './rejects.ts';
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
  const positionPath = options.position ?? `${base}.position.json`;
  const { Users } = await load(protoFile);
  const users = connect(Users, target);
  const { stream, format, bytes } = openInput(input, options.format);

  const from = options.resume ? loadPosition(positionPath) : undefined;
  if (options.resume && from === undefined) console.error(`no ${positionPath}: from the beginning`);
  if ((from?.inputBytes ?? 0) > (bytes ?? Number.POSITIVE_INFINITY)) {
    throw new InputError(`${input} is shorter than when ${positionPath} was written: upload it without --resume`);
  }
  const afterLine = Math.max(options.skip, from?.line ?? 0);
  const rejects = new RejectsFile(options.rejects ?? `${base}.rejects.csv`, from?.rejectsBytes);
  const ledger = new Ledger((entry, errors) => rejects.add(entry, errors), afterLine);
  const { tally } = ledger;

  const save = () => {
    const rejectsBytes = rejects.flush();
    if (tally.line > 0) savePosition(positionPath, { line: tally.line, rejectsBytes, inputBytes: bytes });
  };
  const saving = setInterval(save, SAVE_MS).unref();
  const memory = new MemoryWatch(() => tally.created + tally.existed + tally.rejected);
  const endProgress = showProgress(tally, bytes, options.every * 1000);
  const start = performance.now();
  const ending = await upload(() => readUsers(stream, format, afterLine), users.createUser, ledger, signal).catch(
    (error: unknown) => ({ error }),
  );
  const seconds = (performance.now() - start) / 1000;
  endProgress();
  clearInterval(saving);
  stream.destroy();
  close(users);
  save();
  rejects.close();

  console.log(summary(tally, seconds));
  console.log(`memory    ${memory.stop()}`);
  if (tally.rejected > 0) console.log(`rejects   ${rejects.path}`);

  if (ending === 'complete') {
    forgetPosition(positionPath);
    return tally.rejected > 0 && options.failOnReject ? exitCode.rejects : exitCode.ok;
  }
  const far =
    tally.line > 0 ? `last acknowledged line: ${tally.line}; --resume goes on after it` : 'nothing was acknowledged';
  if (ending === 'interrupted') {
    console.error(`interrupted; ${far}`);
    return exitCode.interrupted;
  }
  console.error(`${explain(ending.error, target, tally.line > afterLine)}; ${far}`);
  return ending.error instanceof InputError ? exitCode.usage : exitCode.failed;
}

function explain(error: unknown, target: string, hadAnswers: boolean): string {
  if (!isRpcError(error)) return error instanceof Error ? error.message : String(error);
  const what = `${codeName(error.code)}: ${error.details}`;
  if (error.code !== Code.UNAVAILABLE) return `the call failed, ${what}`;
  return hadAnswers ? `the connection to ${target} was lost, ${what}` : `no server of users at ${target}, ${what}`;
}
