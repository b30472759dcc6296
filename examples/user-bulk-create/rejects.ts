import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Entry } from './entry.ts';

/** Characters that are gathered before they are written. */
const MAX_PENDING = 65_536;

/**
 * The file of rejects, a CSV: line number, every reason, the line as it was. It is there only when there are rejects.
 * Positions of an upload count its bytes, so that one that is resumed goes on exactly where the position was.
 */
export class RejectsFile {
  readonly path: string;
  #file: number | undefined;
  #bytes = 0;
  #pending = '';

  /** @param bytes how much of the file, from an upload before, is kept. */
  constructor(path: string, bytes = 0) {
    this.path = path;
    if (bytes === 0 || !existsSync(path)) {
      rmSync(path, { force: true });
      return;
    }
    this.#file = openSync(path, 'r+');
    this.#bytes = Math.min(bytes, fstatSync(this.#file).size);
    ftruncateSync(this.#file, this.#bytes);
  }

  add({ line, text }: Entry, reasons: readonly string[]): void {
    if (this.#bytes === 0 && this.#pending === '') this.#pending = 'line,reasons,original\n';
    this.#pending += `${line},${quote(reasons.join('; '))},${quote(text)}\n`;
    if (this.#pending.length >= MAX_PENDING) this.flush();
  }

  /** Writes what was added; how many bytes the file has then. */
  flush(): number {
    if (this.#pending !== '') {
      this.#file ??= openSync(this.path, 'w');
      this.#bytes += writeSync(this.#file, this.#pending, this.#bytes);
      this.#pending = '';
    }
    return this.#bytes;
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
