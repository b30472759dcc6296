#!/usr/bin/env node
import { program } from './command/program.ts';

process.exitCode = await program(process.argv.slice(2), {
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  untilStopped: () => {
    const stop = new AbortController();
    // For good: a signal that finds no listener ends the process at once, and not with 0.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
    return stop.signal;
  },
});
