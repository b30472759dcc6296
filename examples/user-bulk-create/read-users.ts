import { type Entry, InputError } from './entry.ts';
import { type Columns, parseCsv, readHeader } from './parse-csv.ts';
import { parseNdjson } from './parse-ndjson.ts';
import { type RawRecord, RecordSplitter } from './split-records.ts';

export type Format = 'csv' | 'ndjson';

/**
 * The users of a CSV or NDJSON input, and its malformed lines, in order. They come in arrays, one for each chunk that was
 * read: an await for each of a million users would cost more than parsing them.
 *
 * @param afterLine records that start up to this line are passed over.
 * @throws InputError when a CSV has no header, or one without the required columns.
 */
export async function* readUsers(
  chunks: AsyncIterable<Uint8Array>,
  format: Format,
  afterLine = 0,
): AsyncGenerator<Entry[], void, undefined> {
  const decoder = new TextDecoder();
  const splitter = new RecordSplitter({ hasQuotes: format === 'csv' });
  let columns: Columns | undefined;
  let bytes = 0;

  const parse = (records: RawRecord[]): Entry[] => {
    if (format === 'csv' && columns === undefined) {
      const header = records.shift();
      if (header === undefined) return [];
      columns = readHeader(header);
    }
    const wanted =
      records.length > 0 && records[0]!.line <= afterLine ? records.filter(r => r.line > afterLine) : records;
    return columns === undefined ? parseNdjson(wanted) : parseCsv(wanted, columns);
  };

  for await (const chunk of chunks) {
    const entries = parse(splitter.push(decoder.decode(chunk, { stream: true })));
    entries.forEach((entry, i) => {
      entry.bytes = bytes + (chunk.length * (i + 1)) / entries.length;
    });
    bytes += chunk.length;
    if (entries.length > 0) yield entries;
  }

  const last = parse([...splitter.push(decoder.decode()), ...splitter.end()]);
  for (const entry of last) entry.bytes = bytes;
  if (format === 'csv' && columns === undefined) throw new InputError('the input is empty: not even a header');
  if (last.length > 0) yield last;
}
