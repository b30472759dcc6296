import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { compiledText } from './compiled.ts';

const root = join(import.meta.dirname, '../..');

export interface ChildEnd {
  /** Null when it had to be killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a module in a process of its own and waits until it exits by itself; after `timeoutMs` it is killed. Its last output
 * shows what kept it running. It imports from the folder `lib` by `lib/...`, and from `spec/support` by `support/...`.
 */
export function runChild(module: string, { execArgv = [] as string[], timeoutMs = 60_000 } = {}): Promise<ChildEnd> {
  const code = compiledText(module.replaceAll(/'lib\//g, "'./lib/").replaceAll(/'support\//g, "'./spec/support/"));
  const args = [...execArgv, '--input-type=module'];
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: root, timeout: timeoutMs, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end(code);
  });
}
