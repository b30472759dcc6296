/** One record of the input as it stands there. */
export interface RawRecord {
  /** The first line of the record, from 1. */
  readonly line: number;
  /** Without its line end. */
  readonly text: string;
  /** Why this cannot be a record. */
  readonly fault?: string | undefined;
}

/** Characters. What is longer is a reject, so that a missing quote does not read the whole input into memory. */
export const MAX_RECORD_LENGTH = 65_536;
/** Characters of a line that was too long which are kept to show it. */
const SHOWN_LENGTH = 200;

/** Cuts text that comes in pieces into records: lines, and in CSV a quoted field may go on over several. */
export class RecordSplitter {
  readonly #hasQuotes: boolean;
  #rest = '';
  #line: number;
  #isInsideTooLong = false;

  constructor({ hasQuotes, firstLine = 1 }: { hasQuotes: boolean; firstLine?: number }) {
    this.#hasQuotes = hasQuotes;
    this.#line = firstLine;
  }

  /** The records that end in this piece; blank lines are passed over. */
  push(piece: string): RawRecord[] {
    const found: RawRecord[] = [];
    this.#rest = this.#take(this.#rest + piece, false, found);
    return found;
  }

  /** What is left when the input has ended. */
  end(): RawRecord[] {
    const found: RawRecord[] = [];
    this.#take(this.#rest, true, found);
    this.#rest = '';
    return found;
  }

  /** Gives back what belongs to a record whose end is not in the text. */
  #take(text: string, isLast: boolean, found: RawRecord[]): string {
    let start = 0;
    while (start < text.length) {
      const newline = text.indexOf('\n', start);
      const lineEnd = newline >= 0 ? newline : isLast ? text.length : -1;
      if (lineEnd < 0) break;
      const end = this.#hasQuotes && !this.#isInsideTooLong ? endOfRecord(text, start, lineEnd, isLast) : lineEnd;
      if (end === 'unknown') break;
      if (end === 'never') this.#add(found, text.slice(start, lineEnd), 'a quote is not closed');
      else this.#add(found, text.slice(start, end));
      start = (end === 'never' ? lineEnd : end) + 1;
    }
    const rest = text.slice(start);
    if (rest.length <= MAX_RECORD_LENGTH) return rest;
    if (!this.#isInsideTooLong) found.push(tooLong(this.#line, rest));
    this.#isInsideTooLong = true;
    return '';
  }

  #add(found: RawRecord[], record: string, fault?: string): void {
    const line = this.#line;
    this.#line += 1 + countNewlines(record);
    const text = record.endsWith('\r') ? record.slice(0, -1) : record;
    if (this.#isInsideTooLong) this.#isInsideTooLong = false;
    else if (text.length > MAX_RECORD_LENGTH) found.push(tooLong(line, text));
    else if (text.trim() !== '')
      found.push({ line, text, fault: fault ?? (text.includes('\uFFFD') ? 'not valid UTF-8' : undefined) });
  }
}

/** Where the record ends that starts here: at the first line end after an even number of quotes. */
function endOfRecord(text: string, start: number, lineEnd: number, isLast: boolean): number | 'unknown' | 'never' {
  let isQuoted = false;
  let end = lineEnd;
  let quote = text.indexOf('"', start);
  for (;;) {
    for (; quote >= 0 && quote < end; quote = text.indexOf('"', quote + 1)) isQuoted = !isQuoted;
    if (!isQuoted) return end;
    if (end - start > MAX_RECORD_LENGTH || end === text.length) return 'never';
    const newline = text.indexOf('\n', end + 1);
    if (newline < 0 && !isLast) return text.length - start > MAX_RECORD_LENGTH ? 'never' : 'unknown';
    end = newline < 0 ? text.length : newline;
  }
}

function tooLong(line: number, text: string): RawRecord {
  return { line, text: text.slice(0, SHOWN_LENGTH), fault: `longer than ${MAX_RECORD_LENGTH} characters` };
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
