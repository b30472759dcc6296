import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { compiled } from '../../support/compiled.ts';
import { Project, proto } from './support/project.ts';

const root = join(import.meta.dirname, '../../..');

/** The command in a process of its own, and the lines that it prints. */
class Watching implements AsyncDisposable {
  readonly #child;
  readonly #lines: string[] = [];
  readonly #printed: string[] = [];
  #ended = false;
  #more: () => void = () => {};

  constructor(project: Project, ...args: string[]) {
    const main = compiled(join(root, 'cli/rx-grpc.ts'));
    this.#child = spawn(process.execPath, [main, 'generate', ...args, '--watch'], {
      cwd: project.folder,
    });
    this.#child.once('close', () => {
      this.#ended = true;
      this.#more();
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface(stream).on('line', line => {
        this.#lines.push(line);
        this.#printed.push(line);
        this.#more();
      });
    }
  }

  /** Resolves with the next matching line; skips those before it. */
  async line(like: RegExp): Promise<string> {
    for (;;) {
      while (this.#lines.length > 0) {
        const line = this.#lines.shift()!;
        if (like.test(line)) return line;
      }
      if (this.#ended) throw new Error(`it ended, and printed:\n${this.#printed.join('\n')}`);
      await new Promise<void>(resolve => {
        this.#more = resolve;
      });
    }
  }

  async stop(signal: NodeJS.Signals): Promise<unknown> {
    if (this.#ended) return this.#child.exitCode;
    const ended = once(this.#child, 'close');
    this.#child.kill(signal);
    return (await ended)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}

describe('rx-grpc generate --watch', () => {
  it('generates again after each kind of change, and exits with 0 on SIGINT', async () => {
    using project = new Project({
      'protos/a.proto': proto('A', 'import "deep/b.proto";'),
      'protos/deep/b.proto': proto('B'),
    });
    await using watching = new Watching(project, 'protos', '--out', 'gen');
    expect(await watching.line(/./)).to.equal('gen: 2 written, 0 unchanged');

    project.replace('protos/a.proto', proto('A2', 'import "deep/b.proto";'));
    await watching.line(/^gen: 1 written, 1 unchanged$/);
    expect(project.read('gen/a.ts')).to.include('interface A2 ');

    // A change in an imported file.
    project.replace('protos/deep/b.proto', proto('B2'));
    await watching.line(/^gen: 1 written, 1 unchanged$/);
    expect(project.read('gen/deep/b.ts')).to.include('interface B2 ');

    project.replace('protos/a.proto', 'syntax = "proto3";\nmessage {');
    await watching.line(/^protos\/a\.proto:2:9: illegal type name '\{'/);
    project.replace('protos/a.proto', proto('A3', 'import "none.proto";'));
    await watching.line(/^protos\/a\.proto:2:8: imports "none\.proto", which is not found/);
    project.replace('protos/none.proto', proto('None'));
    await watching.line(/^gen: 2 written, 1 unchanged$/);

    mkdirSync(project.path('protos/new'));
    project.replace('protos/new/c.proto', proto('C'));
    await watching.line(/^gen: 1 written, 3 unchanged$/);
    rmSync(project.path('protos/new'), { recursive: true });
    await watching.line(/1 removed$/);
    expect(project.tree('gen')).to.deep.equal(['a.ts', 'deep/b.ts', 'none.ts']);

    expect(await watching.stop('SIGINT')).to.equal(0);
    expect(project.tree('gen')).to.deep.equal(['a.ts', 'deep/b.ts', 'none.ts']);
  }).timeout(60_000);

  it('waits for missing inputs, and for a folder that disappears for a while', async () => {
    using project = new Project({ 'protos/a.proto': proto('A'), 'include/b.proto': proto('B') });
    await using watching = new Watching(project, 'protos', 'more/c.proto', '--include', 'include', '--out', 'gen');
    await watching.line(/^more\/c\.proto: not found$/);
    project.replace('more/c.proto', proto('C', 'import "b.proto";'));
    await watching.line(/^gen: 3 written/);
    renameSync(project.path('include'), project.path('away'));
    await watching.line(/^--include include: not found$/);
    renameSync(project.path('away'), project.path('include'));
    await watching.line(/^gen: 0 written, 3 unchanged$/);
    expect(await watching.stop('SIGTERM')).to.equal(0);
  }).timeout(60_000);

  it('does not react to its own output beside the sources', async () => {
    using project = new Project({ 'protos/a.proto': proto('A'), 'protos/b.proto': proto('B') });
    await using watching = new Watching(project, 'protos', '--out', 'protos');
    expect(await watching.line(/./)).to.equal('protos: 2 written, 0 unchanged');
    for (const name of ['A1', 'A2', 'A3']) {
      project.replace('protos/a.proto', proto(name));
      expect(await watching.line(/./)).to.equal('protos: 1 written, 1 unchanged');
    }
  }).timeout(60_000);
});
