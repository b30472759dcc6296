import { type Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from './whole-number.ts';

/** Gives a program `--host` and `--port`. */
export function withAddress(program: Command, port: number): Command {
  return program
    .option('--host <name>', 'name or IP address', host, '127.0.0.1')
    .option('--port <number>', 'of a server 0 takes a free one', wholeNumber(0, 65_535), port);
}

/** What was given to a program {@link withAddress}, as serve() and connect() take it. */
export function addressOf(program: Command): string {
  const { host, port } = program.opts<{ host: string; port: number }>();
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** For an option that is the address of another server. */
export function serverUrl(text: string): string {
  const port = /^http:\/\/[^\s/@]+:(\d{1,5})$/.exec(text)?.[1];
  if (port !== undefined && Number(port) <= 65_535) return text;
  throw new InvalidArgumentError('It is not of the form http://host:port.');
}

function host(text: string): string {
  if (/^[\w.:-]+$/.test(text)) return text;
  throw new InvalidArgumentError('It is neither the name nor the IP address of a host.');
}
