/** An error in a .proto file. The message begins with the file and, if known, line and column. */
export class ProtoError extends Error {}

/** A place in a file. Both numbers start at 1; a column counts UTF-16 units, as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Makes an error with the text `users.proto:3:5: what is wrong`. */
export function protoError(path: string, place: Place | undefined, what: string, cause?: unknown): ProtoError {
  const at = place ? `:${place.line}:${place.column}` : '';
  return new ProtoError(`${path}${at}: ${what}`, cause === undefined ? {} : { cause });
}
