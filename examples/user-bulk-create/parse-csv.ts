import { parse } from 'csv-parse/sync';
import { type Entry, faulty, InputError, isAge } from './entry.ts';
import { type RawRecord, RecordSplitter } from './split-records.ts';

const required = ['id', 'name', 'last_name', 'age'] as const;

/** Where a row has the fields of a user. */
export interface Columns {
  readonly count: number;
  readonly id: number;
  readonly name: number;
  readonly last_name: number;
  readonly age: number;
  /** -1: there is none. */
  readonly email: number;
}

/** @throws InputError when a required column is missing. */
export function readHeader(header: RawRecord): Columns {
  const names = rowsOf([header])[0]?.map(name => name.trim()) ?? [];
  const missing = required.filter(name => !names.includes(name));
  if (missing.length > 0) {
    throw new InputError(
      `line ${header.line} is no header with id, name, last_name and age (email if you like): no ${missing.join(', ')}`,
    );
  }
  const at = (name: string) => names.indexOf(name);
  return {
    count: names.length,
    id: at('id'),
    name: at('name'),
    last_name: at('last_name'),
    age: at('age'),
    email: at('email'),
  };
}

export function parseCsv(records: readonly RawRecord[], columns: Columns): Entry[] {
  const rows = rowsOf(records);
  return records.flatMap((record, i) => {
    const row = rows[i];
    if (record.fault !== undefined) return faulty(record.line, record.text, record.fault);
    return row === undefined ? recover(record, columns) : toEntry(record, row, columns);
  });
}

/**
 * The fields of each record; undefined where it is not CSV. Many are parsed at once, which is six times as fast as one by
 * one; those with an error are found by halving.
 */
function rowsOf(records: readonly RawRecord[]): (string[] | undefined)[] {
  try {
    const text = records.map(record => record.text).join('\n');
    const rows = parse(text, { record_delimiter: '\n', relax_column_count: true, max_record_size: 0 });
    if (rows.length === records.length) return rows;
  } catch {
    // Which record it is shows below.
  }
  if (records.length < 2) return records.map(() => undefined);
  const half = records.length >> 1;
  return [...rowsOf(records.slice(0, half)), ...rowsOf(records.slice(half))];
}

/** A quote in the wrong place takes lines along that are none of its own: only the first is rejected. */
function recover({ line, text }: RawRecord, columns: Columns): Entry[] {
  const end = text.indexOf('\n');
  const first = faulty(line, (end < 0 ? text : text.slice(0, end)).replace(/\r$/, ''), 'a quote in the wrong place');
  if (end < 0) return [first];
  const splitter = new RecordSplitter({ hasQuotes: true, firstLine: line + 1 });
  const others = [...splitter.push(text.slice(end + 1)), ...splitter.end()];
  return [first, ...parseCsv(others, columns)];
}

function toEntry({ line, text }: RawRecord, row: string[], columns: Columns): Entry {
  if (row.length !== columns.count) return faulty(line, text, `${row.length} fields instead of ${columns.count}`);
  const ageText = row[columns.age]!.trim();
  const age = /^[+-]?\d{1,10}$/.test(ageText) ? Number(ageText) : Number.NaN;
  if (!isAge(age)) return faulty(line, text, `age is not a whole number: ${JSON.stringify(ageText)}`);
  const email = (columns.email >= 0 && row[columns.email]) || undefined;
  const user = { id: row[columns.id]!, name: row[columns.name]!, lastName: row[columns.last_name]!, age, email };
  return { line, text, user, fault: undefined, bytes: 0 };
}
