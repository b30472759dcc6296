import type { Command } from 'commander';
import { type Bound, serve } from 'rx-grpc';
import { printLines, type Talk } from './print-lines.ts';
import { runProgram } from './run-program.ts';

/** A client's program that brings its server along, on a free port. */
export function runBoth<S extends Readonly<Record<string, any>>>(
  program: Command,
  service: S,
  bound: () => Bound,
  talk: Talk<S>,
): Promise<void> {
  return runProgram(program, async signal => {
    await using server = await serve('http://127.0.0.1:0', bound());
    return await printLines(service, server.target, talk, signal);
  });
}
