import type { User } from '../gen/users.ts';

/** Why a user is not created, in the order in which a result names them. */
export const reasons = {
  nameTooShort: 'Name is too short',
  lastNameTaken: 'Last Name already taken',
  emailMalformed: 'email is malformed',
  ageImpossible: 'age is impossible',
  nulCharacter: 'text contains a NUL character',
  idMissing: 'id is missing',
  idTaken: 'id taken by another user',
} as const;

/** The rules that a server is given. */
export interface Rules {
  readonly reservedLastNames: ReadonlySet<string>;
}

/** As in the Go original. */
export const defaultRules: Rules = { reservedLastNames: new Set(['Phill']) };

/** Characters (code points); the Go original counts bytes. */
const MIN_NAME_LENGTH = 4;
const MAX_EMAIL_LENGTH = 254; // characters: RFC 5321, 4.5.3.1.3
const MAX_AGE = 150; // years

/** Every reason against a user, in their order, that can be told without looking at other users. */
export function validate(user: User, rules: Rules): string[] {
  const found: string[] = [];
  if (isShorterThan(user.name, MIN_NAME_LENGTH)) found.push(reasons.nameTooShort);
  if (rules.reservedLastNames.has(user.lastName)) found.push(reasons.lastNameTaken);
  if (user.email && !isEmail(user.email)) found.push(reasons.emailMalformed);
  if (user.age < 0 || user.age > MAX_AGE) found.push(reasons.ageImpossible);
  if (hasNul(user)) found.push(reasons.nulCharacter);
  if (user.id === '') found.push(reasons.idMissing);
  return found;
}

function isShorterThan(text: string, codePoints: number): boolean {
  return text.length < codePoints * 2 && [...text].length < codePoints;
}

function isEmail(text: string): boolean {
  return text.length <= MAX_EMAIL_LENGTH && /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/.test(text);
}

/** The database's binding ends a text there, so that two ids would become one. */
function hasNul({ id, name, lastName, email }: User): boolean {
  return id.includes('\0') || name.includes('\0') || lastName.includes('\0') || (email?.includes('\0') ?? false);
}
