import { fieldError, type Place } from './field-error.ts';
import { checkList } from './write-message.ts';

type Enum = Readonly<Record<string, number>>;

const known = new WeakMap<Enum, ReadonlySet<unknown>>();

function numbersOf(enumeration: Enum): ReadonlySet<unknown> {
  let numbers = known.get(enumeration);
  if (!numbers) known.set(enumeration, (numbers = new Set(Object.values(enumeration))));
  return numbers;
}

/** Whether a closed enum has this number. */
export function isOneOf<E extends Enum>(enumeration: E, value: number): value is E[keyof E] {
  return numbersOf(enumeration).has(value);
}

/** The number of a closed enum. @throws FieldError when the enum has no such number. */
export function oneOf(enumeration: Enum, name: string, value: unknown, key: string, at?: Place): unknown {
  if (numbersOf(enumeration).has(value)) return value;
  throw fieldError(key, at, `a number of the enum ${name}`, value);
}

/** The numbers of a closed enum. @throws FieldError when they are no list, or the enum has no such number. */
export function allOf<T extends number>(
  enumeration: Enum,
  name: string,
  values: readonly T[],
  key: string,
): readonly T[] {
  for (let i = 0; i < checkList(values, key); i++) oneOf(enumeration, name, values[i], key, i);
  return values;
}
