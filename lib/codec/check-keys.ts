import { FieldError } from './field-error.ts';

/**
 * Rejects a property that is not a field of the message. Without this, a misspelt field would be dropped silently.
 *
 * @param known the properties that the message may have. The search starts behind the last match, because most messages
 *   have their properties in the order of the declaration.
 * @throws FieldError when an unknown property has a value.
 */
export function checkKeys(message: object, known: readonly string[], typeName: string): void {
  let at = 0;
  for (const key in message) {
    const start = at;
    while (known[at] !== key) {
      if (++at >= known.length) at = 0;
      if (at === start) {
        refuse(message, key, known, typeName);
        break;
      }
    }
    if (++at >= known.length) at = 0;
  }
}

function refuse(message: object, key: string, known: readonly string[], typeName: string): void {
  const isGiven = Object.hasOwn(message, key) && (message as Record<string, unknown>)[key] !== undefined;
  if (isGiven) throw new UnknownField(key, known, typeName);
}

class UnknownField extends FieldError {
  constructor(key: string, known: readonly string[], typeName: string) {
    super('a field', key);
    this.path = `.${key}`;
    const near = nearestTo(key, known);
    const hint = near === undefined ? fieldsOf(known) : `; did you mean ${near}?`;
    this.message = `${typeName} has no such field${hint}`;
  }
}

const MAX_NAMED = 12;

function fieldsOf(known: readonly string[]): string {
  if (known.length === 0) return '; it has no fields';
  return `; it has ${known.slice(0, MAX_NAMED).join(', ')}${known.length > MAX_NAMED ? ', ...' : ''}`;
}

/** The name that was probably meant: `user_id` for `userId`, or a name that differs in one or two letters. */
function nearestTo(key: string, known: readonly string[]): string | undefined {
  const plain = plainOf(key);
  let nearest: string | undefined;
  let least = Math.min(2, Math.floor(plain.length / 3)) + 1;
  for (const name of known) {
    const distance = editsBetween(plain, plainOf(name));
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

function plainOf(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase().slice(0, 64);
}

/** The number of letters to insert, remove, replace, or swap with their neighbour. */
function editsBetween(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
