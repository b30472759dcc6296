#!/usr/bin/env node
import { program } from './command/program.ts';

process.exitCode = await program(process.argv.slice(2), {
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  untilStopped: () => {
    const stop = new AbortController();
    // The listeners stay: a signal without a listener ends the process at once, with an exit code other than 0.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
    return stop.signal;
  },
});
