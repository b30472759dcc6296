import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join, parse } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { filter, firstValueFrom, map, ReplaySubject } from 'rxjs';

/** Another program, run by this one. Disposing of it ends it as Ctrl-C does, and waits. */
export interface Child extends AsyncDisposable {
  /** The first line, printed already or to come, that matches; rejects when there is none. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Null when it was killed. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts the program `file` beside this one, in a process of its own, and as this one was started: as TypeScript or compiled. What it
 * prints is printed here too, behind its name.
 */
export function startChild(file: string, args: readonly string[], signal: AbortSignal, name = file): Child {
  const { dir, ext } = parse(process.argv[1]!);
  const child = spawn(process.execPath, [...process.execArgv, join(dir, `${file}${ext}`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'], // its end tells the child that this process was killed
    signal,
  }) as ChildProcessByStdio<null, Readable, Readable>;
  child.on('error', () => {}); // that the signal has aborted, which is why it ends
  const line$ = new ReplaySubject<string>();
  line$.subscribe(line => console.log(`${name.padEnd(7)} | ${line}`));
  for (const out of [child.stdout, child.stderr]) createInterface(out).on('line', line => line$.next(line));
  const ended = new Promise<number | null>(resolve => child.once('close', resolve)).finally(() => line$.complete());
  return {
    ended,
    kill: how => child.kill(how),
    async printed(pattern) {
      const match$ = line$.pipe(
        map(line => pattern.exec(line)),
        filter(match => match !== null),
      );
      const match = await firstValueFrom(match$, { defaultValue: undefined });
      if (match !== undefined) return match;
      if (signal.aborted) throw new DOMException('interrupted', 'AbortError');
      throw new Error(`${name} has ended and printed nothing like ${pattern.source}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
