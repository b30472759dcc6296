import { existsSync } from 'node:fs';
import { cache, pathOf, step } from '../peers/peer.ts';
import { run } from '../processes.ts';
import { PROTOS } from './messages.ts';
import { type Results, resultsOf } from './results.ts';

const VERSION = 'v1.0.7';
const MODULE = 'connectrpc.com/conformance';
const MAX_RUN_MS = 10 * 60_000;
const MAX_REPORT = 64 * 1024 * 1024;

export type Mode = 'server' | 'client';

/** The suite's own program, and its .proto files. */
export interface Runner {
  readonly program: string;
  readonly protos: string;
}

/**
 * Finds the runner that CONFORMANCE_RUNNER names, or builds one. The .proto files come from the cache of Go's modules.
 *
 * @throws Missing when there is no Go, or its module proxy cannot be reached.
 */
export async function prepareRunner(): Promise<Runner> {
  const download = await step('go mod download', ['go', 'mod', 'download', '-json', `${MODULE}@${VERSION}`]);
  const { Dir: folder } = JSON.parse(download) as { Dir: string };
  return { program: process.env['CONFORMANCE_RUNNER'] ?? (await build()), protos: `${folder}/proto` };
}

async function build(): Promise<string> {
  const folder = `${cache}/conformance`;
  const program = `${folder}/connectconformance`;
  const install = ['go', 'install', `${MODULE}/cmd/connectconformance@${VERSION}`] as const;
  if (!existsSync(program)) await step('go install', ['env', `GOBIN=${folder}`, ...install]);
  return program;
}

/** Runs the suite, or those of its cases that fit one of the patterns. @throws Error with what was printed when it cannot run. */
export async function runSuite({ program, protos }: Runner, mode: Mode, patterns: readonly string[]): Promise<Results> {
  const here = (file: string) => pathOf(`interop/conformance/${file}`);
  const { output } = await run(
    [
      program,
      ...['--mode', mode, '--conf', here('config.yaml'), '--max-servers', '2'],
      ...['--known-failing', `@${here(`known-failing-${mode}.txt`)}`],
      ...patterns.flatMap(pattern => ['--run', pattern]),
      ...['--', process.execPath, '--import', 'tsx', here(`${mode}.ts`)],
    ],
    { timeoutMs: MAX_RUN_MS, maxOutput: MAX_REPORT, cwd: pathOf('.'), env: { [PROTOS]: protos } },
  );
  return resultsOf(output);
}
