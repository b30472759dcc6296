import { InputError } from './entry.ts';
import { checkPosition, loadPosition } from './position.ts';
import { refuseSameFile } from './refuse-same-file.ts';
import { RejectsFile } from './rejects.ts';

/** What an upload reads and writes, as the person said it. */
interface Paths {
  readonly input: string;
  readonly rejects: string;
  readonly position: string;
}

interface Files {
  readonly rejects: RejectsFile;
  /** The line that the upload before came to; 0 when this one is from the beginning. */
  readonly afterLine: number;
}

/**
 * The files beside an input, seen to before anything is sent: they can be written, and nothing else is lost by it.
 *
 * @throws InputError when not.
 */
export function openFiles({ input, rejects, position }: Paths, inputBytes: number | undefined, resume: boolean): Files {
  refuseSameFile(input, rejects, position);
  // Also without --resume: what is no position is somebody's file.
  const last = loadPosition(position);
  checkPosition(position);
  const from = resume ? last : undefined;
  if (resume && from === undefined) console.error(`no ${position}: from the beginning`);
  if ((from?.inputBytes ?? 0) > (inputBytes ?? Number.POSITIVE_INFINITY)) {
    throw new InputError(`${input} is shorter than when ${position} was written: upload it without --resume`);
  }
  return { rejects: new RejectsFile(rejects, from?.rejectsBytes), afterLine: from?.line ?? 0 };
}
