import { exitCode as shared } from '../support/exit-code.ts';

/** What the programs of this example end with. */
export const exitCode = {
  ...shared,
  /** Some users were rejected, and `--fail-on-reject` was given. */
  rejects: 2,
} as const;
