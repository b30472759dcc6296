import type { User } from '../gen/users.ts';
import { UsageError } from '../support/usage-error.ts';

/** One record of the input: a user, or what makes it a malformed line. */
export interface Entry {
  /** The first line of the record, from 1. */
  readonly line: number;
  /** The record as it stands in the input. */
  readonly text: string;
  readonly user: User | undefined;
  readonly fault: string | undefined;
  /** Bytes of the input up to the end of this record, nearly. */
  bytes: number;
}

/** What makes the whole input unusable; its message is for the person who chose the input. */
export class InputError extends UsageError {
  override readonly name = 'InputError';
}

export function faulty(line: number, text: string, fault: string): Entry {
  return { line, text, user: undefined, fault, bytes: 0 };
}

/** The age as the protocol has it: a whole number of 32 bits. */
export function isAge(age: unknown): age is number {
  return Number.isInteger(age) && (age as number) === ((age as number) | 0);
}
