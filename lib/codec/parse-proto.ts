import protobuf from 'protobufjs';

/** Parses a file into the root. Every error names the file and, where protobufjs does, the line. */
export function parseProto(
  root: protobuf.Root,
  path: string,
  source: string,
): { imports: string[]; weakImports: string[] } {
  // Parsing is synchronous: nobody else comes between. The types do not know this name, under which the parser takes the file's.
  const parser = protobuf.parse as typeof protobuf.parse & { filename: string | null };
  parser.filename = path;
  try {
    const { imports, weakImports } = protobuf.parse(source, root);
    return { imports: imports ?? [], weakImports: weakImports ?? [] };
  } catch (error) {
    throw new Error(located(path, source, error instanceof Error ? error.message : String(error)), { cause: error });
  } finally {
    parser.filename = null;
  }
}

// The parser says "illegal token 'x' (users.proto, line 12)", its tokenizer "illegal token 'x', ';' expected (line 12)".
function located(path: string, source: string, message: string): string {
  const match = /^(.*) \((?:.*, )?line (\d+)\)$/s.exec(message);
  if (!match) return `${path}: ${message}`;
  const line = Number(match[2]);
  const text = source.split('\n')[line - 1] ?? '';
  const token = /'(.*?)'/.exec(match[1]!)?.[1] ?? '';
  if (token === 'null' && !text.includes('null')) {
    return `${path}:${line}: ${match[1]!.replace(/illegal .*?'null'/, 'unexpected end of the file')}`;
  }
  const column = token === '' ? -1 : text.indexOf(token);
  const only = column >= 0 && column === text.lastIndexOf(token);
  return `${path}:${line}${only ? `:${column + 1}` : ''}: ${match[1]}`;
}
