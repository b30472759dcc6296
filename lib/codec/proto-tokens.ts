import type { Place } from './proto-error.ts';

/** A token of a .proto file, with the comments that protoc attaches to it. */
export interface Token extends Place {
  /** A string with its quotes. */
  readonly text: string;
  readonly offset: number;
  /** The comment directly before the token. Comments before a blank line are dropped. */
  readonly leading: string | undefined;
  /** The comment behind the token on its line, or on the next lines up to a blank line or the end of the block. */
  trailing: string | undefined;
}

/** Splits a .proto file into tokens. Never throws: the parser reports errors. */
export function protoTokens(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const placeOf = places(source);
  let offset = source.startsWith('\uFEFF') ? 1 : 0;
  for (;;) {
    const { end, leading, trailing } = gap(source, offset, tokens.length === 0);
    const before = tokens.at(-1);
    if (before) before.trailing = trailing;
    token.lastIndex = end;
    const text = token.exec(source)?.[0];
    if (text === undefined) return tokens;
    tokens.push({ text, offset: end, ...placeOf(end), leading, trailing: undefined });
    offset = end + text.length;
  }
}

// Words end as in protobufjs's tokenizer. An unterminated string ends with its line.
const token = /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[{}=;:[\],()<>]|\/|[^\s{}=;:[\],'"()<>/]+/y;
const blanks = /[^\S\n]*/y;

/** Returns a function that converts offsets to places. Offsets must not decrease. */
export function places(source: string): (offset: number) => Place {
  let line = 1;
  let lineStart = 0;
  return offset => {
    for (
      let next = source.indexOf('\n', lineStart);
      next >= 0 && next < offset;
      next = source.indexOf('\n', lineStart)
    ) {
      line++;
      lineStart = next + 1;
    }
    return { line, column: offset - lineStart + 1 };
  };
}

/** Reads the gap between two tokens, like protoc's Tokenizer::NextWithComments (google/protobuf/io/tokenizer.cc). */
function gap(source: string, start: number, first: boolean): { end: number; leading?: string; trailing?: string } {
  let end = start;
  let pending: { text: string; block: boolean } | undefined;
  let trailing: string | undefined;
  let mayTrail = !first;
  let onLine = !first;
  let unclear = false;
  const flush = (): void => {
    if (pending && mayTrail) trailing = pending.text;
    if (pending) mayTrail = false;
    pending = undefined;
  };
  const skipBlanks = (): void => {
    blanks.lastIndex = end;
    end += blanks.exec(source)![0].length;
  };
  for (;;) {
    skipBlanks();
    if (source.startsWith('//', end)) {
      const line = source.slice(end + 2, endOf(source, '\n', end));
      if (pending?.block) flush();
      pending = { text: `${pending?.text ?? ''}${line}\n`, block: false };
      end = Math.min(source.length, end + 2 + line.length + 1);
      if (onLine) flush();
      onLine = false;
    } else if (source.startsWith('/*', end)) {
      const inner = source.slice(end + 2, endOf(source, '*/', end + 2));
      flush();
      pending = { text: inner.replaceAll(/\n[^\S\n]*\*?/g, '\n'), block: true };
      end = Math.min(source.length, end + 2 + inner.length + 2);
      skipBlanks();
      const ended = source[end] === '\n';
      if (ended) end++;
      // The next token is on the same line, so the comment could belong to either token.
      if (onLine && !ended) unclear = true;
      else if (onLine) flush();
      if (ended) onLine = false;
    } else if (source[end] === '\n') {
      if (!onLine) {
        flush();
        mayTrail = false;
      }
      onLine = false;
      end++;
    } else {
      if (end >= source.length || '}])'.includes(source[end]!)) flush();
      if (unclear) return { end };
      return { end, ...(pending && { leading: pending.text }), ...(trailing !== undefined && { trailing }) };
    }
  }
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end < 0 ? source.length : end;
}
