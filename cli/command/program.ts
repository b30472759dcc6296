import { Command, CommanderError, Option } from 'commander';
import type { ImportExtension, Int64 } from '../generate/source-files.ts';
import manifest from '../package.json' with { type: 'json' };
import { ExitCode, Failure } from './exit-code.ts';
import { check, type Report, run } from './run.ts';
import { watch } from './watch.ts';

/** The output of the program, and its stop signal. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Called when the program starts to watch. @returns a signal that stops it. */
  readonly untilStopped: () => AbortSignal;
}

/** Runs the command `rx-grpc`. @returns its exit code, one of ExitCode. */
export async function program(args: readonly string[], { out, err, untilStopped }: Terminal): Promise<number> {
  let exitCode: number = ExitCode.OK;
  const print = (report: Report): void => {
    const bad = report.exitCode !== ExitCode.OK;
    (bad ? err : out)(`${report.lines.join('\n')}\n`);
    exitCode = report.exitCode;
  };
  const generate = async (protos: readonly string[], flags: Flags): Promise<void> => {
    const options = { ...flags, include: flags.include ?? [] };
    // An empty string, as from an unset variable, would mean the current folder.
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
    .description('writes one TypeScript file for each .proto, including imported ones')
    .argument('<protos...>', '.proto files, or folders with .proto files')
    .requiredOption('-o, --out <folder>', 'output folder; generated files whose .proto is gone are removed')
    .option('-I, --include <folder>', 'folder where import names begin; can be given several times', repeated)
    .option('-w, --watch', 'generate again whenever a .proto changes')
    .option('-c, --check', 'write nothing; exit with 1 and a list when the folder is not up to date')
    .addOption(
      new Option('--int64 <type>', 'the type of 64-bit integers')
        .choices(['bigint', 'string', 'number'])
        .default('bigint'),
    )
    .addOption(
      new Option('--import-extension <ending>', 'extension in imports of other generated files')
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
