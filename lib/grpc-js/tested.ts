import type { PrivateParts } from './private.ts';

/** The versions of grpc-js on which spec/grpc-js passed. */
export const TESTED: readonly string[] = ['1.14.4', '1.14.5', '1.14.6', '1.14.7'];

export function isTested({ version }: PrivateParts): boolean {
  return TESTED.includes(version);
}
