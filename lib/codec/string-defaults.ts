import { protoTokens, type Token } from './proto-tokens.ts';

/**
 * Rewrites a .proto file so that protobufjs reads the defaults of strings and bytes like protoc. protobufjs reads three
 * things differently: `\u` and `\U`, UTF-8 bytes as escapes in a string, and non-ASCII characters in bytes.
 */
export function plainDefaults(source: string): string {
  // Most files have no such default.
  if (!/\bdefault\s*=/.test(source) || !/[\\\u0080-\uffff]/.test(source)) return source;
  const tokens = protoTokens(source);
  let plain = '';
  let done = 0;
  for (let i = 2; i < tokens.length; i++) {
    if (tokens[i - 2]!.text !== 'default' || tokens[i - 1]!.text !== '=') continue;
    let end = i;
    while (end < tokens.length && isString(tokens[end]!)) end++;
    const type = typeOfField(tokens, i - 2);
    if (end === i || (type !== 'string' && type !== 'bytes')) continue;
    const last = tokens[end - 1]!;
    const text = source.slice(tokens[i]!.offset, last.offset + last.text.length);
    if (!/[\\\u0080-\uffff]/.test(text)) continue;
    const bytes = Buffer.concat(tokens.slice(i, end).map(({ text }) => bytesOf(text.slice(1, -1))));
    plain += `${source.slice(done, tokens[i]!.offset)}"${type === 'bytes' ? escaped(bytes) : escapedText(bytes)}"`;
    // Keeps the number of lines, for the line numbers in errors.
    plain += '\n'.repeat(text.split('\n').length - 1);
    done = last.offset + last.text.length;
  }
  return plain + source.slice(done);
}

function isString({ text }: Token): boolean {
  return text.length > 1 && /^["']/.test(text) && text.at(-1) === text[0];
}

/** Finds the type in `type name = 1 [..., default`. */
function typeOfField(tokens: readonly Token[], at: number): string | undefined {
  let depth = 1;
  let i = at;
  while (depth > 0 && --i > 0) {
    if (tokens[i]!.text === ']') depth++;
    else if (tokens[i]!.text === '[') depth--;
  }
  return tokens[i - 4]?.text;
}

const piece = /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|[^\\]+/gsu;
const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Decodes a literal like protoc's Tokenizer::ParseStringAppend (google/protobuf/io/tokenizer.cc). */
function bytesOf(literal: string): Buffer {
  const parts = [...literal.matchAll(piece)].map(([all, octal, hex, short, long, letter]) => {
    if (octal !== undefined) return Buffer.of(Number.parseInt(octal, 8));
    if (hex !== undefined) return Buffer.of(Number.parseInt(hex, 16));
    const point = short ?? long;
    if (point !== undefined) return Buffer.from(String.fromCodePoint(Math.min(Number.parseInt(point, 16), 0x10ffff)));
    return Buffer.from(letter === undefined ? all : (letters[letter] ?? letter));
  });
  return Buffer.concat(parts);
}

function escaped(bytes: Uint8Array): string {
  return [...bytes].map(byte => octal(byte)).join('');
}

function escapedText(bytes: Buffer): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be escaped
  return bytes.toString('utf8').replaceAll(/[\x00-\x1f"\\]/g, char => octal(char.charCodeAt(0)));
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}
