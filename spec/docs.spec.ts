import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compileAll, compiledPath } from './support/compiled.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, '.compiled/docs');
const docs = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md'));
const pages = ['README.md', ...docs.map(name => `docs/${name}`)];

/** A TypeScript block, and the block after it if that shows its output. */
const blocks = /```ts\n(.*?)```(?:\s+```text\n(.*?)```)?/gs;

/** The file name in the first line of a block: `// server.ts`. */
const fileName = /^\/\/ ([\w.-]+)\.ts\n/;

/** The addresses of the servers on the pages; here they take a free port. */
const PORT = ':50051';

interface Program {
  readonly page: string;
  readonly number: number;
  /** The name of its file. */
  readonly name: string;
  /** Code by file name: its own, and the files shown before it, which it can import. */
  readonly files: ReadonlyMap<string, string>;
  readonly output: string;
  /** The first output of the page's server, if the program calls it. */
  readonly serverOutput: string | undefined;
}

/** The programs of a page, in order. A block without output is not a program, but may be a file that programs import. */
function programsOf(page: string): readonly Program[] {
  const files = new Map<string, string>();
  const programs: Program[] = [];
  let serverOutput: string | undefined;
  for (const [, code, output] of readFileSync(join(root, page), 'utf8').matchAll(blocks)) {
    const name = fileName.exec(code!)?.[1] ?? 'program';
    files.set(name, code!);
    if (output === undefined) continue;
    if (name === 'server') serverOutput = output;
    const program = { page, number: programs.length + 1, name, files: new Map(files), output };
    programs.push({ ...program, serverOutput: name !== 'server' && code!.includes(PORT) ? serverOutput : undefined });
  }
  return programs;
}

const programs = pages.flatMap(programsOf);

const sourceOf = ({ page, number }: Program, name: string): string =>
  join(folder, page.replace('/', '-'), String(number), `${name}.ts`);

/** What the pages import from ./gen has been generated for the examples; the specs provide certificates. */
const asRun = (code: string): string =>
  code
    .replaceAll(/'\.\/gen\/(.*)\.js'/g, `'${root}/examples/gen/$1.ts'`)
    .replaceAll(/'certs\/(?:client-)?cert\.pem'/g, "'spec/support/tls/signed-cert.pem'")
    .replaceAll(/'certs\/(?:client-)?key\.pem'/g, "'spec/support/tls/key.pem'")
    .replaceAll("'certs/ca.pem'", "'spec/support/tls/ca.pem'")
    .replaceAll(/'(https?:\/\/[\w.]+):50051'/g, "`$1:$${process.env['PORT']}`");

function writeSources(): void {
  rmSync(folder, { recursive: true, force: true });
  for (const program of programs) {
    mkdirSync(join(sourceOf(program, ''), '..'), { recursive: true });
    for (const [name, code] of program.files) writeFileSync(sourceOf(program, name), `${asRun(code)}export {};\n`);
  }
}

/** Runs a program in a process of its own to its end. A server gets SIGTERM when it has printed what the page shows. */
class Running {
  output = '';
  #errors = '';
  readonly #child;
  readonly #closed: Promise<readonly unknown[]>;

  constructor(program: Program, name: string, port: string) {
    const args = [...(name.endsWith('.test') ? ['--test-reporter=spec'] : []), compiledPath(sourceOf(program, name))];
    this.#child = spawn(process.execPath, args, { cwd: root, timeout: 60_000, env: { ...process.env, PORT: port } });
    this.#closed = once(this.#child, 'close');
    this.#child.stdout.setEncoding('utf8').on('data', text => {
      this.output += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.#errors += text;
    });
  }

  /** The port that it listens on, from its output. */
  get port(): string {
    return /(?:localhost|127\.0\.0\.1):(\d+)/.exec(this.output)?.[1] ?? '';
  }

  /** Resolves when it has printed a line or has ended. */
  async line(): Promise<void> {
    while (!this.output.includes('\n') && this.#child.exitCode === null) {
      await Promise.race([once(this.#child.stdout, 'data'), this.#closed]);
    }
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }

  async end(): Promise<void> {
    const [code] = await this.#closed;
    expect(code, this.#errors).to.equal(0);
  }
}

/** Runs the server of a page, and the program that calls it. */
async function serving(program: Program, expected: string, call?: (port: string) => Promise<void>): Promise<void> {
  const server = new Running(program, 'server', '0');
  try {
    await server.line();
    expect(server.output.replace(server.port, PORT.slice(1))).to.equal(expected);
    await call?.(server.port);
  } finally {
    server.stop();
  }
  await server.end();
}

/** The names of passed and failed tests, without durations, which vary. */
const testResults = (output: string): string =>
  output.replaceAll(/^(?![✔✖]).*\n?/gm, '').replaceAll(/ \([\d.]+ms\)$/gm, '');

async function run(program: Program, port: string): Promise<void> {
  const running = new Running(program, program.name, port);
  await running.end();
  const { output } = running;
  expect(program.name.endsWith('.test') ? testResults(output) : output).to.equal(program.output);
}

describe('The programs in the documentation', () => {
  before(() => {
    writeSources();
    const sources = programs.flatMap(program => [
      sourceOf(program, program.name),
      ...(program.serverOutput === undefined ? [] : [sourceOf(program, 'server')]),
    ]);
    compileAll(sources);
  });

  for (const program of programs) {
    const { page, number, name, output, serverOutput } = program;
    it(`print the output that ${page} shows (${number})`, async () => {
      if (name === 'server') await serving(program, output);
      else if (serverOutput !== undefined) await serving(program, serverOutput, port => run(program, port));
      else await run(program, '');
    });
  }

  it('type-check', async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder];
    const errors = await promisify(execFile)(process.execPath, args, { cwd: root }).then(
      () => '',
      error => error.stdout || String(error),
    );
    expect(errors).to.equal('');
  });
});
