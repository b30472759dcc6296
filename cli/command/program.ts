import { Command, CommanderError, Option } from 'commander';
import type { ImportExtension, Int64 } from '../generate/source-files.ts';
import manifest from '../package.json' with { type: 'json' };
import { ExitCode, Failure } from './exit-code.ts';
import { check, type Report, run } from './run.ts';
import { watch } from './watch.ts';

/** Where the program writes to. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Called when it begins to watch. @returns what ends that. */
  readonly untilStopped: () => AbortSignal;
}

/** Runs the command `rx-grpc`. @returns what it ends with: one of ExitCode. */
export async function program(args: readonly string[], { out, err, untilStopped }: Terminal): Promise<number> {
  let exitCode: number = ExitCode.OK;
  const print = (report: Report): void => {
    const bad = report.exitCode !== ExitCode.OK;
    (bad ? err : out)(`${report.lines.join('\n')}\n`);
    exitCode = report.exitCode;
  };
  const generate = async (protos: readonly string[], flags: Flags): Promise<void> => {
    const options = { ...flags, include: flags.include ?? [] };
    // As from an unset variable: it would be the current folder.
    if (flags.out === '') throw new Failure(ExitCode.USAGE, '--out: expected a folder, got an empty string');
    if (flags.watch && flags.check) throw new Failure(ExitCode.USAGE, '--check and --watch: expected one of them');
    if (flags.check) print(await check(protos, options).catch(reported));
    else if (!flags.watch) print(await run(protos, options).catch(reported));
    else {
      await watch({ run: look => run(protos, options, look).catch(reported), print, signal: untilStopped() });
      exitCode = ExitCode.OK;
    }
  };
  try {
    await command(generate, out, err).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    print(reported(error));
  }
  return exitCode;
}

interface Flags {
  readonly out: string;
  readonly include?: readonly string[];
  readonly watch?: boolean;
  readonly check?: boolean;
  readonly int64: Int64;
  readonly importExtension: ImportExtension;
}

function command(
  generate: (protos: readonly string[], flags: Flags) => Promise<void>,
  writeOut: (text: string) => void,
  writeErr: (text: string) => void,
): Command {
  const top = new Command('rx-grpc')
    .description('gRPC as RxJS Observables: TypeScript from .proto files')
    .version(manifest.version, '--version')
    .exitOverride()
    .configureOutput({ writeOut, writeErr });
  const repeated = (folder: string, before: readonly string[] = []): readonly string[] => [...before, folder];
  top
    .command('generate')
    .description('writes one TypeScript file for each .proto, those that are imported included')
    .argument('<protos...>', '.proto files, or folders: all .proto files in them')
    .requiredOption('-o, --out <folder>', 'where to; what was generated into it and has no source any more is removed')
    .option('-I, --include <folder>', 'where import names begin; can be given several times', repeated)
    .option('-w, --watch', 'do it again whenever a .proto changes')
    .option('-c, --check', 'write nothing; exit with 1 and a list when the folder is not up to date')
    .addOption(
      new Option('--int64 <type>', 'the type of 64-bit integers')
        .choices(['bigint', 'string', 'number'])
        .default('bigint'),
    )
    .addOption(
      new Option('--import-extension <ending>', 'of imports of other generated files')
        .choices(['js', 'ts', 'none'])
        .default('js'),
    )
    .action(generate);
  return top;
}

function reported(error: unknown): Report {
  if (!(error instanceof Failure)) throw error;
  return { exitCode: error.exitCode, lines: [error.message] };
}
