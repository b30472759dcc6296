import { type Command, CommanderError } from 'commander';
import { exitCode } from './exit-code.ts';
import { UsageError } from './usage-error.ts';

/**
 * Reads a program's arguments, runs it, and sets the exit code that it gave. What goes wrong is told in one line: a wrong
 * argument or input by 64, all else by 1. The first Ctrl-C (or SIGTERM) aborts the signal, the second kills as usual.
 * So does the death of a program that runs this one.
 * When nobody reads what it prints any more (`| head -1`), it goes on unheard; when that cannot be written (a full disk), it
 * ends as by Ctrl-C, and by 1.
 */
export async function runProgram(program: Command, run: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(name));
  process.once('disconnect', () => stop.abort('disconnect')).channel?.unref();
  const onUnwritable = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || stop.signal.aborted) return;
    stop.abort(error);
    process.once('exit', () => {
      process.exitCode = exitCode.failed;
    });
    console.error(`error: what is printed cannot be written: ${error.message}`);
  };
  for (const out of [process.stdout, process.stderr]) out.on('error', onUnwritable);
  try {
    program.exitOverride().parse();
    process.exitCode = await run(stop.signal);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode && exitCode.usage;
    } else if (stop.signal.aborted && (error as Error).name === 'AbortError') {
      process.exitCode = exitCode.interrupted;
    } else {
      process.exitCode = error instanceof UsageError ? exitCode.usage : exitCode.failed;
      console.error(`error: ${(error as Error).message}`);
    }
  }
}
