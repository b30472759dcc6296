import { type Entry, faulty, isAge } from './entry.ts';
import type { RawRecord } from './split-records.ts';

/** One JSON object in each line, its keys named as the columns of the CSV. */
export function parseNdjson(records: readonly RawRecord[]): Entry[] {
  return records.map(({ line, text, fault }) => {
    if (fault !== undefined) return faulty(line, text, fault);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return faulty(line, text, 'not valid JSON');
    }
    return toEntry(line, text, value);
  });
}

function toEntry(line: number, text: string, value: unknown): Entry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return faulty(line, text, 'not a JSON object');
  }
  const { id, name, last_name: lastName, age, email } = value as Record<string, unknown>;
  for (const [key, field] of Object.entries({ id, name, last_name: lastName, email: email ?? '' })) {
    if (typeof field !== 'string') return faulty(line, text, `${key} is not a string`);
    // A half of a surrogate pair has no encoding in UTF-8: the id that comes back would be another.
    if (/\p{Surrogate}/u.test(field)) return faulty(line, text, `${key} is not valid Unicode`);
  }
  if (!isAge(age)) return faulty(line, text, `age is not a whole number: ${JSON.stringify(age) ?? 'missing'}`);
  const user = { id, name, lastName, age, email: email || undefined } as Entry['user'];
  return { line, text, user, fault: undefined, bytes: 0 };
}
