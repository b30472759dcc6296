import { fileURLToPath } from 'node:url';
import { type CommandLine, run } from '../processes.ts';

/** An implementation of gRPC that has the interop test service. */
export interface Peer {
  readonly name: string;
  /** Installs and builds what is needed. @throws Missing when this machine has not what that takes. */
  prepare(): Promise<Ready>;
}

/** How the programs of a peer are started. */
export interface Ready {
  readonly version: string;
  readonly server: (options: ServerArguments) => CommandLine;
  readonly client: (options: ClientArguments) => CommandLine;
  /** What its TLS goes with, when that cannot be chosen. Default: our own for localhost. */
  readonly certificate?: Certificate;
}

export interface ServerArguments {
  readonly port: number;
  readonly tls: Certificate | undefined;
}

export interface ClientArguments extends ServerArguments {
  readonly testCase: string;
}

/** PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** The name that it shows when that is not the host's. */
  readonly name?: string;
}

/** Why a peer cannot be had here; one line. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

const INSTALL_MS = 20 * 60_000;

/** A file or folder of this repository. */
export function pathOf(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}

/** Where everything is installed that the peers need. */
export const cache: string = pathOf('.data/interop');

/** One step of an installation. @throws Missing when it fails, with the last line that it printed. */
export async function step(what: string, command: CommandLine, cwd?: string): Promise<string> {
  const { exitCode, output } = await run(command, { timeoutMs: INSTALL_MS, ...(cwd !== undefined && { cwd }) });
  if (exitCode === 0) return output.trim();
  if (output.includes('ENOENT')) throw new Missing(`${command[0]} is not installed`);
  const last = output.trim().split('\n').at(-1) ?? '';
  throw new Missing(`${what}: ${exitCode === undefined ? 'took too long' : last}`);
}

/** The official options of a server. */
export function serverArguments({ port, tls }: ServerArguments): string[] {
  const files = tls === undefined ? [] : [`--tls_cert_file=${tls.cert}`, `--tls_key_file=${tls.key}`];
  return [`--port=${port}`, `--use_tls=${tls !== undefined}`, ...files];
}

/** A call of a soak may take long here: a virtual machine starts cold, on a computer that does other work as well. */
const PATIENCE = ['--soak_per_iteration_max_acceptable_latency_ms=10000', '--soak_overall_timeout_seconds=50'];

/** The official options of a client. */
export function clientArguments({ port, tls, testCase }: ClientArguments): string[] {
  const trust = tls === undefined ? [] : ['--use_test_ca=true', `--ca_file=${tls.ca}`];
  const name = tls?.name === undefined ? [] : [`--server_host_override=${tls.name}`];
  const server = ['--server_host=127.0.0.1', `--server_port=${port}`];
  return [...server, `--test_case=${testCase}`, `--use_tls=${tls !== undefined}`, ...trust, ...name, ...PATIENCE];
}
