/** A .proto file is wrong: the message begins with the file and, where it is known, line and column. */
export class ProtoError extends Error {}

/** Both from 1; a column is a UTF-16 unit, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `users.proto:3:5: what is wrong`. */
export function protoError(path: string, place: Place | undefined, what: string, cause?: unknown): ProtoError {
  const at = place ? `:${place.line}:${place.column}` : '';
  return new ProtoError(`${path}${at}: ${what}`, cause === undefined ? {} : { cause });
}
