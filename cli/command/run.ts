import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type GeneratedFile, generate } from '../generate/generate.ts';
import type { GenerateOptions } from '../generate/source-files.ts';
import { ExitCode, Failure } from './exit-code.ts';
import { findProtos } from './find-protos.ts';
import { plan } from './plan.ts';
import { readSources } from './read-sources.ts';
import { writeFiles } from './write-files.ts';

export interface RunOptions extends GenerateOptions {
  readonly out: string;
  readonly include: readonly string[];
}

/** The result of one run, as text. */
export interface Report {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** Generates code and writes the changed files: all of them, or none on any error. @throws Failure */
export async function run(protos: readonly string[], options: RunOptions, look?: Look): Promise<Report> {
  const { files, sourceIsGone } = await make(protos, options, look);
  const { write, unchanged, leftOver } = plan(options.out, files);
  const remove = leftOver.filter(({ source }) => sourceIsGone(source));
  const remain = leftOver.filter(each => !remove.includes(each));
  writeFiles(
    write,
    remove.map(({ path }) => path),
  );
  const removed = remove.length > 0 ? `, ${remove.length} removed` : '';
  return {
    exitCode: ExitCode.OK,
    lines: [
      `${options.out}: ${write.length} written, ${unchanged} unchanged${removed}`,
      ...remain.map(({ path, source }) => `${path}: left over: ${source} was not given`),
    ],
  };
}

/** Reports what `run` would change, and changes nothing. @throws Failure */
export async function check(protos: readonly string[], options: RunOptions): Promise<Report> {
  const { files } = await make(protos, options);
  const { write, unchanged, leftOver } = plan(options.out, files);
  const lines = [
    ...write.map(({ path, missing }) => `${path}: ${missing ? 'missing' : 'stale'}`),
    ...leftOver.map(({ path, source }) => `${path}: left over: it was generated from ${source}`),
  ].sort();
  if (lines.length > 0)
    return { exitCode: ExitCode.STALE, lines: [...lines, 'generate anew: the same command without --check'] };
  return { exitCode: ExitCode.OK, lines: [`${options.out}: ${unchanged} up to date`] };
}

/** Called with the folders that a run searches, and the paths that it tries, whether the files exist or not. */
export interface Look {
  readonly onFolder: (folder: string) => void;
  readonly onPath: (path: string) => void;
}

async function make(
  protos: readonly string[],
  { include, int64, importExtension, runtime }: RunOptions,
  look?: Look,
): Promise<{ files: readonly GeneratedFile[]; sourceIsGone: (name: string) => boolean }> {
  const found = await findProtos(protos, include, look?.onFolder);
  const sources = await readSources(found, look?.onPath);
  try {
    const files = generate(sources, { int64, importExtension, runtime });
    return { files, sourceIsGone: name => !found.roots.some(root => existsSync(join(root, name))) };
  } catch (error) {
    throw new Failure(ExitCode.PROTO, (error as Error).message, error);
  }
}
