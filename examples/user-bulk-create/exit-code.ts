/** What the programs of this example end with. */
export const exitCode = {
  ok: 0,
  /** The call failed, a file could not be written any more, or the server could not start. */
  failed: 1,
  /** Some users were rejected, and `--fail-on-reject` was given. */
  rejects: 2,
  /** A wrong option, an input that cannot be read or has no header, a file beside it that was refused (EX_USAGE of sysexits.h). */
  usage: 64,
  /** Ctrl-C, as shells have it: 128 + SIGINT. */
  interrupted: 130,
} as const;
