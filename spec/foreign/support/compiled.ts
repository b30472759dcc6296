import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generated.ts';

export interface Checked {
  /** The errors of tsc for a program. */
  errorsIn(name: string): readonly string[];
}

const root = join(import.meta.dirname, '../../..');

/** The imports available to a program: ours and RxJS. */
export const head = `
  import { expectTypeOf } from 'expect-type';
  import { map, type Observable, of } from 'rxjs';
  import { connect, implement, loopback } from '../../../../lib/index.ts';
`;
const options = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable', 'es2024.string'],
  module: 'preserve',
  moduleResolution: 'bundler',
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/** Compiles programs together, beside the generated code, whose own errors are ignored. */
export async function check(programs: Readonly<Record<string, string>>): Promise<Checked> {
  const folder = join(await generate(), 'types');
  mkdirSync(folder, { recursive: true });
  for (const [name, program] of Object.entries(programs)) writeFileSync(join(folder, `${name}.ts`), program);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  const output = await new Promise<string>(resolve => {
    const args = ['--project', folder, '--pretty', 'false'];
    execFile(join(root, 'node_modules/.bin/tsc'), args, { cwd: folder, timeout: 100_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  const lines = output.split('\n');
  return { errorsIn: name => lines.filter(line => line.startsWith(`${name}.ts(`)) };
}
