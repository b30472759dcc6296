import type { Command } from 'commander';
import { milliseconds } from '../support/whole-number.ts';

/** Gives a program `--pace-ms`. */
export function withPace(program: Command): Command {
  return program.option('--pace-ms <number>', 'milliseconds from one message to the next', milliseconds, 1000);
}

export function paceOf(program: Command): number {
  return program.opts<{ paceMs: number }>().paceMs;
}
