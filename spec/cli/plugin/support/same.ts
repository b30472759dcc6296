import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compiled } from '../../../support/compiled.ts';
import type { Project } from '../../command/support/project.ts';

const root = join(import.meta.dirname, '../../../..');

/** The node arguments that run the plugin from its sources. */
export const pluginArgs: readonly string[] = [compiled(join(root, 'cli/protoc-gen-rx-grpc.ts'))];

/** Copies the .proto files of a folder beside the specs into a project, as its folder `protos`. */
export function addProtos(project: Project, folder: string): void {
  cpSync(join(import.meta.dirname, '..', folder), project.path('protos'), { recursive: true });
}

/** Runs a program in a project's folder. @returns what it prints on stderr. @throws when it fails. */
export async function start(project: Project, program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, BUF_CACHE_DIR: project.path('.cache') };
  const { stderr } = await promisify(execFile)(program, args, { cwd: project.folder, env });
  return stderr;
}

/** Expects two folders of a project to contain exactly these files, with equal content. */
export function expectSame(project: Project, one: string, other: string, files: readonly string[]): void {
  expect(project.tree(one)).to.deep.equal(files);
  expect(project.tree(other)).to.deep.equal(files);
  for (const file of files) expect(project.read(`${one}/${file}`), file).to.equal(project.read(`${other}/${file}`));
}
