import protobuf from 'protobufjs';
import type { Place } from './proto-error.ts';
import { protoTokens, type Token } from './proto-tokens.ts';

/**
 * The declarations of a .proto file with their places and comments. protobufjs keeps no places, and not all comments.
 */
export interface Outline {
  /** `proto2` if the file has no syntax statement. */
  readonly syntax: Place & { readonly value: string };
  readonly imports: readonly Import[];
  /** By full name, as in protobufjs: fields and oneofs in camel case, the values of an enum nested in it. */
  readonly declarations: ReadonlyMap<string, Declared>;
  /** The declarations whose name was already declared. */
  readonly again: readonly (Declared & { readonly name: string })[];
  /** Groups that are members of a oneof. */
  readonly oneofGroups: readonly Place[];
  /** The innermost block at the end of the text, and the tokens of an unfinished statement. */
  readonly end: { readonly block: Block['kind']; readonly statement: readonly string[] };
}

interface Import extends Place {
  readonly name: string;
  readonly isPublic: boolean;
}

interface Declared extends Place {
  readonly comment: string;
  /** The type names that it refers to: a field's type, or the types of a request and a response. */
  readonly types: readonly Token[];
  /** The number of a field or value. */
  readonly number: Token | undefined;
}

interface Block {
  readonly kind: 'file' | 'message' | 'enum' | 'service' | 'oneof' | 'extend' | 'rpc';
  readonly scope: string;
}

/** Walks through the declarations of a file. Never throws, whatever the text. */
export function protoOutline(source: string): Outline {
  let syntax = { value: 'proto2', line: 1, column: 1 };
  const imports: Import[] = [];
  const declarations = new Map<string, Declared>();
  const again: (Declared & { name: string })[] = [];
  const oneofGroups: Place[] = [];
  const open: Block[] = [{ kind: 'file', scope: '' }];
  let statement: Token[] = [];
  let braces = 0;

  const declare = (
    scope: string,
    name: Token,
    from: Token,
    end: Token,
    types: Token[] = [],
    number?: Token,
  ): string => {
    const { line, column } = name;
    const comment = docText(from.leading ?? end.trailing ?? '');
    const full = scope === '' ? name.text : `${scope}.${name.text}`;
    const declared = { line, column, comment, types, number };
    if (declarations.has(full)) again.push({ ...declared, name: full });
    else declarations.set(full, declared);
    return full;
  };

  const declareField = (scope: string, end: Token): Block | undefined => {
    const equals = statement.findIndex(each => each.text === '=');
    const name = statement[equals - 1];
    if (!name) return undefined;
    const number = statement[equals + 1];
    const from = statement[0]!;
    const group = statement[equals - 2]?.text === 'group' && end.text === '{';
    if (group) {
      if (open.at(-1)!.kind === 'oneof') oneofGroups.push(name);
      const { lcFirst, ucFirst } = protobuf.util;
      declare(scope, { ...name, text: lcFirst(name.text) }, from, end, [], number);
      return { kind: 'message', scope: declare(scope, { ...name, text: ucFirst(name.text) }, from, end) };
    }
    // Of `map<string, User> users` the last word before the name is `>`.
    const type = statement.slice(0, equals - 1).findLast(each => each.text !== '>');
    declare(scope, { ...name, text: protobuf.util.camelCase(name.text) }, from, end, type ? [type] : [], number);
    return undefined;
  };

  /** Handles a complete statement. @returns the block that it opens. */
  const take = ({ kind, scope }: Block, end: Token): Block | undefined => {
    const from = statement[0];
    if (!from) return undefined;
    const [keyword, name] = visible(statement);
    if (kind === 'enum') {
      if (statement[1]?.text === '=') declare(scope, from, from, end, [], statement[2]);
    } else if (kind === 'service') {
      if (from.text !== 'rpc' || !name) return undefined;
      const types = statement.filter((_, i) => statement[i + 1]?.text === ')');
      return { kind: 'rpc', scope: declare(scope, name, from, end, types) };
    } else if (kind === 'file' && (from.text === 'syntax' || from.text === 'edition')) {
      const value = statement[2];
      if (value) syntax = { value: value.text.slice(1, -1), line: value.line, column: value.column };
    } else if (kind === 'file' && from.text === 'package') {
      const text = statement
        .slice(1)
        .map(each => each.text)
        .join('');
      open[0] = { kind: 'file', scope: text };
    } else if (kind === 'file' && from.text === 'import') {
      const file = statement.at(-1)!;
      if (statement[1]?.text !== 'option') {
        imports.push({ ...file, name: file.text.slice(1, -1), isPublic: statement[1]?.text === 'public' });
      }
    } else if (end.text === '{' && name && opening.has(keyword!.text)) {
      const block = keyword!.text as Block['kind'];
      if (block === 'extend') return { kind: block, scope };
      if (block !== 'oneof') return { kind: block, scope: declare(scope, name, from, end) };
      declare(scope, { ...name, text: protobuf.util.camelCase(name.text) }, from, end);
      return { kind: block, scope };
    } else if (kind !== 'rpc' && !skipped.has(from.text)) return declareField(scope, end);
    return undefined;
  };

  for (const token of protoTokens(source)) {
    const block = open.at(-1)!;
    if (token.text === '{' && (braces > 0 || !opensBlock(block, statement))) braces++;
    else if (braces > 0) braces -= token.text === '}' ? 1 : 0;
    else if (token.text === ';' || token.text === '{') {
      const opened = take(block, token);
      if (token.text === '{') open.push(opened ?? block);
      statement = [];
      continue;
    } else if (token.text === '}') {
      if (open.length > 1) open.pop();
      statement = [];
      continue;
    }
    statement.push(token);
  }
  const end = { block: open.at(-1)!.kind, statement: statement.map(each => each.text) };
  return { syntax, imports, declarations, again, oneofGroups, end };
}

const opening = new Set(['message', 'enum', 'service', 'oneof', 'extend']);
const skipped = new Set(['option', 'reserved', 'extensions', 'extend', 'syntax', 'edition', 'package', 'import']);

/** Whether a brace opens a block, and not the value of an option. */
function opensBlock({ kind }: Block, statement: readonly Token[]): boolean {
  const first = visible(statement)[0]?.text ?? '';
  if (kind === 'service') return first === 'rpc';
  if (kind === 'enum' || kind === 'rpc' || first === 'option') return false;
  return opening.has(first) || statement.some((each, i) => each.text === 'group' && statement[i + 2]?.text === '=');
}

function visible(statement: readonly Token[]): readonly Token[] {
  const prefixed = ['export', 'local'].includes(statement[0]?.text ?? '');
  return prefixed && opening.has(statement[1]?.text ?? '') ? statement.slice(1) : statement;
}

/** The text of a comment as protoc returns it, without the marks of documentation comments and without indentation. */
export function docText(comment: string): string {
  const lines = comment
    .replace(/^\*+/, '')
    .split('\n')
    .map(line => line.replace(/^\/+/, '').trimEnd());
  const indents = lines.filter(line => line !== '').map(line => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines
    .map(line => line.slice(indents.length > 0 ? indent : 0))
    .join('\n')
    .trim();
}
