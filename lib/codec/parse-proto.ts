import protobuf from 'protobufjs';
import { type Place, type ProtoError, protoError } from './proto-error.ts';
import { type Outline, protoOutline } from './proto-outline.ts';
import { places, protoTokens } from './proto-tokens.ts';
import { fullName } from './reflection.ts';
import { plainDefaults } from './string-defaults.ts';

/** Parses a file into the root. @throws ProtoError that names the file, the place and what was expected. */
export function parseProto(
  root: protobuf.Root,
  path: string,
  source: string,
): { imports: string[]; weakImports: string[] } {
  try {
    const { imports, weakImports } = parse(source, root, path);
    return { imports: imports ?? [], weakImports: weakImports ?? [] };
  } catch (error) {
    throw located(root, path, source, error);
  }
}

function parse(source: string, root: protobuf.Root, path: string | null): protobuf.IParserResult {
  // Sets the file name that the parser gives to objects, which protobufjs does not declare in its types. A getter,
  // because the parser clears the name on errors, even on those that it catches itself (at a name that is reserved in
  // an edition). Parsing is synchronous, so no other call can interfere.
  Object.defineProperty(protobuf.parse, 'filename', { configurable: true, get: () => path, set: () => {} });
  try {
    return protobuf.parse(plainDefaults(source), root);
  } finally {
    Object.defineProperty(protobuf.parse, 'filename', { configurable: true, writable: true, value: null });
  }
}

// The parser says "illegal token 'x' (users.proto, line 12)", its tokenizer "illegal token 'x', ';' expected (line 12)".
const illegal = /^(illegal (.*?)(?: '(.*?)')?(?:, '(.+?)' expected)?) \((?:.*, )?line (\d+)\)$/s;

function located(root: protobuf.Root, path: string, source: string, error: unknown): ProtoError {
  const message = error instanceof Error ? error.message : String(error);
  const [, what, subject = '', token, wanted] = illegal.exec(message) ?? [];
  // If a file ends too early, the parser sometimes reads from a token that is null.
  if (token === 'null' ? endsEarly(source) : error instanceof TypeError && / null/.test(message)) {
    const end = places(source)(source.trimEnd().length);
    const expected = wanted ?? (protoOutline(source).end.block === 'file' ? undefined : '}');
    return protoError(path, end, `unexpected end of the file${expected ? `, '${expected}' expected` : ''}`, error);
  }
  if (what === undefined) return protoError(path, ...declaredAgain(root, path, source, message), error);
  const line = Number(/(\d+)\)$/.exec(message)![1]);
  const offset = token === undefined ? openEnd(source) : offsetOf(token, source, what, line);
  if (offset < 0) return protoError(path, { line, column: 1 }, what, error);
  const expected = wanted === undefined ? expectation(subject, protoOutline(source.slice(0, offset))) : '';
  return protoError(path, places(source)(offset), `${what}${expected && `, expected ${expected}`}`, error);
}

function endsEarly(source: string): boolean {
  return failure(source)?.includes("'null'") === true && failure(`${source}\nnull`)?.includes('line') === true;
}

function failure(source: string): string | undefined {
  try {
    parse(source, new protobuf.Root(), null);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The offset of the token that the parser rejects: the first occurrence up to which the text fails in the same way. A
 * shorter text fails in another way or not at all, a longer one in the same way, so a binary search finds it.
 */
function offsetOf(token: string, source: string, what: string, line: number): number {
  const offsets: number[] = [];
  for (let at = source.indexOf(token); at >= 0; at = source.indexOf(token, at + 1)) offsets.push(at);
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // A blank ends the token, which could otherwise be the start of a longer one.
    if (failure(`${source.slice(0, offsets[middle]! + token.length)} `)?.startsWith(`${what} (`)) high = middle;
    else low = middle + 1;
  }
  if (low < offsets.length) return offsets[low]!;
  // A text that is cut within a string fails in another way, so no occurrence matches.
  const placeOf = places(source);
  return offsets.find(at => placeOf(at).line === line) ?? -1;
}

/** The start of an unterminated string or comment. */
function openEnd(source: string): number {
  const open = protoTokens(source).find(
    ({ text }) => /^["']/.test(text) && (text.length === 1 || text.at(-1) !== text[0]),
  );
  return open?.offset ?? source.lastIndexOf('/*');
}

/** The expected token at the end of the outlined text. */
function expectation(subject: string, { syntax, end }: Outline): string {
  const known = subjects[subject];
  if (known !== undefined) return known;
  if (end.statement.length > 0 || subject !== 'token') return '';
  if (end.block === 'message' && syntax.value === 'proto2') return `${blocks.message} (in proto2 behind a label)`;
  return blocks[end.block];
}

const subjects: Readonly<Record<string, string>> = {
  edition: '"2023" or "2024"',
  id: 'a number',
  name: 'a name',
  reference: 'the name of a message',
  'service name': 'a name',
  syntax: '"proto2" or "proto3"',
  type: 'a type',
  'type name': 'a name',
  value: 'a value',
};

const blocks: Readonly<Record<Outline['end']['block'], string>> = {
  enum: 'a value, option, reserved or }',
  extend: 'a field or }',
  file: 'message, enum, service, extend, option, import or package',
  message: 'a field, message, enum, oneof, extend, option, reserved, extensions or }',
  oneof: 'a field, option or }',
  rpc: 'option or }',
  service: 'rpc, option or }',
};

/** Adds the place, and the earlier declaration, to an error of protobufjs about a declaration that it cannot add. */
function declaredAgain(root: protobuf.Root, path: string, source: string, said: string): [Place | undefined, string] {
  const { again, declarations, oneofGroups } = protoOutline(source);
  const message = said.replace(/ in Namespace \.(\S+)$/, ' in package $1').replace(/ in Root$/, '');
  if (message === 'field must be a Field') return [oneofGroups[0], 'groups within a oneof are not supported'];
  const name = /^duplicate name '(.*)'/.exec(message)?.[1];
  const inFile = again.find(each => each.name === name || each.name.endsWith(`.${name}`));
  if (inFile) return [inFile, `${message}, which line ${declarations.get(inFile.name)!.line} declares`];
  for (const [full, place] of name === undefined ? [] : declarations) {
    const other = root.lookup(`.${full}`);
    if (other?.filename && other.filename !== path && fullName(other) === full)
      return [place, `${message}, which ${other.filename} declares; all files of one run share their names`];
  }
  const reserved = [...declarations].find(([full]) =>
    message.startsWith(`name '${full.split('.').at(-1)}' is reserved`),
  );
  if (reserved) return [reserved[1], message];
  const [, kind, id, owner] = /^(duplicate )?id (-?\d+) .*in \w+ \.?(\S+)$/.exec(message) ?? [];
  const same = [...declarations].filter(
    ([full, { number }]) => `.${full}`.includes(`.${owner}.`) && Number(number?.text) === Number(id),
  );
  if (kind !== undefined && same.length > 1) return [same[1]![1], `${message}, which line ${same[0]![1].line} has`];
  return [same[0]?.[1], message];
}
