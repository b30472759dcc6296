import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { program } from '../../../../cli/command/program.ts';

/** A project folder with the given files; deleted when it is disposed of. */
export class Project implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'rx-grpc-project-'));

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Writes a file like many editors: beside its place, then over it, so that nobody sees it empty or incomplete. */
  replace(name: string, text: string): void {
    this.write(`${name}.tmp`, text);
    renameSync(this.path(`${name}.tmp`), this.path(name));
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** All files in one of its folders, including hidden ones, sorted. */
  tree(name: string): string[] {
    try {
      const entries = readdirSync(this.path(name), { withFileTypes: true, recursive: true });
      return entries
        .filter(entry => !entry.isDirectory())
        .map(entry => join(entry.parentPath, entry.name).slice(this.path(name).length + 1))
        .sort();
    } catch {
      return [];
    }
  }

  /** Output names files relative to the folder. */
  async run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const inside = args.map(arg => (/^-|^\w+$/.test(arg) ? arg : this.path(arg)));
    const code = await program(inside, {
      out: text => (out += text),
      err: text => (err += text),
      untilStopped: () => AbortSignal.abort(),
    });
    const shorten = (text: string): string => text.replaceAll(`${this.folder}/`, '');
    return { code, out: shorten(out), err: shorten(err) };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A proto3 file with one message, after the given text. */
export function proto(name: string, before = ''): string {
  return `syntax = "proto3";\n${before}message ${name} { string id = 1; }\n`;
}
