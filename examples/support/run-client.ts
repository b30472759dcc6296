import type { Command } from 'commander';
import { addressOf } from './address.ts';
import { printLines, type Talk } from './print-lines.ts';
import { runProgram } from './run-program.ts';

/** A program that talks with a server and prints what is said; its options are read before `talk` is called. */
export function runClient<S extends Readonly<Record<string, any>>>(
  program: Command,
  service: S,
  talk: Talk<S>,
): Promise<void> {
  return runProgram(program, signal => printLines(service, addressOf(program), talk, signal));
}
