import type { Command } from 'commander';
import type { Bound } from 'rx-grpc';
import { addressOf } from './address.ts';
import { runProgram } from './run-program.ts';
import { serveUntil } from './serve-until.ts';

/** A program that serves until Ctrl-C; its options are read before `service` is called. */
export function runServer(program: Command, service: () => Bound): Promise<void> {
  return runProgram(program, signal => serveUntil(signal, addressOf(program), service()));
}
