import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { InputError } from './entry.ts';
import { exitCode } from './exit-code.ts';

/**
 * Reads a program's arguments, runs it, and sets the exit code that it gave. What goes wrong is told in one line: a wrong
 * argument or input by 64, all else by 1. The first Ctrl-C (or SIGTERM) aborts the signal, the second kills as usual.
 */
export async function runProgram(program: Command, run: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(name));
  try {
    program.exitOverride().parse();
    process.exitCode = await run(stop.signal);
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode && exitCode.usage : exitCodeOf(error);
    if (!(error instanceof CommanderError)) console.error(`error: ${(error as Error).message}`);
  }
}

function exitCodeOf(error: unknown): number {
  return error instanceof InputError || error instanceof TypeError ? exitCode.usage : exitCode.failed;
}

/** For an option that is a whole number, from `min` on. */
export function wholeNumber(min: number): (text: string) => number {
  return text => {
    if (!/^\d{1,15}$/.test(text) || Number(text) < min) {
      throw new InvalidArgumentError(`It is not a whole number from ${min} on.`);
    }
    return Number(text);
  };
}
