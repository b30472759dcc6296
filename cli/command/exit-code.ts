/** The exit codes of `rx-grpc generate`. Documented in docs/generate.md. */
export const ExitCode: {
  readonly OK: 0;
  readonly STALE: 1;
  readonly USAGE: 2;
  readonly PROTO: 3;
  readonly FILES: 4;
} = {
  OK: 0,
  /** `--check` found files that are not up to date. */
  STALE: 1,
  /** An argument is wrong or missing. */
  USAGE: 2,
  /** A .proto is invalid, or TypeScript cannot be generated from it. */
  PROTO: 3,
  /** A file cannot be read or written. */
  FILES: 4,
} as const;

/** An error with an exit code. Its message is the whole output. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
