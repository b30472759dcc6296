import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { type Entry, InputError } from './entry.ts';

const HEADER = 'line,reasons,original\n';
/** Characters that are gathered before they are written. */
const MAX_PENDING = 65_536;

/**
 * The file of rejects, a CSV: line number, every reason, the line as it was. It is left only when there are rejects.
 * Positions of an upload count its bytes, so that one that is resumed goes on exactly where the position was.
 *
 * It is opened at once, to fail before anything is sent, but what is in it stays until the first `flush`: an upload that
 * gets no answer leaves the rejects of the one before.
 */
export class RejectsFile {
  readonly path: string;
  readonly #file: number;
  #bytes: number;
  #pending = '';
  #isCut = false;

  /**
   * @param bytes how much of the file, from an upload before, is kept.
   * @throws InputError when it cannot be written, or is there and is something else.
   */
  constructor(path: string, bytes = 0) {
    this.path = path;
    this.#file = open(path);
    this.#bytes = Math.min(bytes, fstatSync(this.#file).size);
  }

  add({ line, text }: Entry, reasons: readonly string[]): void {
    if (this.#bytes === 0 && this.#pending === '') this.#pending = HEADER;
    this.#pending += `${line},${quote(reasons.join('; '))},${quote(text)}\n`;
    if (this.#pending.length >= MAX_PENDING) this.flush();
  }

  /** Writes what was added; how many bytes the file has then. After an error it can be tried again. */
  flush(): number {
    if (!this.#isCut) ftruncateSync(this.#file, this.#bytes);
    this.#isCut = true;
    const text = Buffer.from(this.#pending);
    // A disk that is nearly full takes a part.
    for (let at = 0; at < text.length; ) {
      at += writeSync(this.#file, text, at, text.length - at, this.#bytes + at);
    }
    this.#bytes += text.length;
    this.#pending = '';
    return this.#bytes;
  }

  /** What was not flushed is not written. */
  close(): void {
    const isEmpty = fstatSync(this.#file).size === 0;
    closeSync(this.#file);
    if (isEmpty) rmSync(this.path, { force: true });
  }
}

function open(path: string): number {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT);
    if (!fstatSync(file).isFile()) throw new Error('it is no regular file');
    const start = Buffer.alloc(HEADER.length);
    const length = readSync(file, start, 0, start.length, 0);
    if (length > 0 && start.toString('utf8', 0, length) !== HEADER) {
      throw new Error('there is a file that is none of rejects; remove it, or say another by --rejects');
    }
    return file;
  } catch (error) {
    if (file !== undefined) closeSync(file);
    throw new InputError(`rejects cannot be written to ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
