import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathOf } from '../peers/peer.ts';
import { type CommandLine, freePort, run, startServer, stop } from '../processes.ts';

/** A proxy that may be installed here. */
export interface HttpProxy {
  readonly name: string;
  /** The documented configuration, in interop/proxies/config. */
  readonly config: string;
  /** Prints its version. */
  readonly version: CommandLine;
  /** The Debian package that has it. */
  readonly debian: string;
  /** What the configuration says beyond what it takes to reach a backend. */
  readonly tuned: RegExp;
  readonly isBare?: boolean;
  /** The times that a silent stream may last, which are hours. */
  readonly hour: RegExp;
  /** Writes what else it needs into the folder, and says how it is started in the foreground. */
  start(folder: string, config: string): CommandLine;
  /** Has it read its configuration again, without losing calls, as its operators do. */
  readonly reload: (child: ChildProcess, folder: string) => Promise<void>;
}

export interface RunningProxy {
  readonly port: number;
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** What the configurations say for where the proxy listens, and where the backend does. */
const LISTENS = /127\.0\.0\.1(:|,)8080/g;
const BACKEND = /127\.0\.0\.1(:|,)50051/g;

/** The proxy without what its configuration tunes. */
export function bare(proxy: HttpProxy): HttpProxy {
  return { ...proxy, isBare: true };
}

/** Its version, when it is installed. */
export async function versionOf(proxy: HttpProxy): Promise<string | undefined> {
  const { exitCode, output } = await run(proxy.version, { timeoutMs: 10_000 });
  return exitCode === 0 ? /\d+\.\d+\.\d+/.exec(output)?.[0] : undefined;
}

/** Starts it before a backend, with the documented configuration. @param change what a scenario has otherwise. */
export async function startProxy(
  proxy: HttpProxy,
  backendPort: number,
  change: (config: string, proxy: HttpProxy) => string,
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const port = await freePort();
  const written = readFileSync(pathOf(`interop/proxies/config/${proxy.config}`), 'utf8');
  const config = change(proxy.isBare ? written.replace(proxy.tuned, '') : written, proxy)
    .replace(LISTENS, `127.0.0.1$1${port}`)
    .replace(BACKEND, `127.0.0.1$1${backendPort}`);
  const file = join(folder, proxy.config);
  writeFileSync(file, config);
  const child = await startServer(proxy.start(folder, file), port, 10_000);
  return {
    port,
    reload: () => proxy.reload(child, folder),
    stop: async () => {
      await stop(child, 1_000);
      remove();
      process.off('exit', remove);
    },
  };
}
