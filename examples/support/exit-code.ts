/** What the programs of the examples end with. */
export const exitCode = {
  ok: 0,
  /** The call failed, or the server could not start. */
  failed: 1,
  /** A wrong option or argument (EX_USAGE of sysexits.h). */
  usage: 64,
  /** Ctrl-C, as shells have it: 128 + SIGINT. */
  interrupted: 130,
} as const;
