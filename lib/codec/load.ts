import { fileURLToPath } from 'node:url';
import { checkOptions, describeValue } from '../core/validate.ts';

export interface LoadOptions {
  /** Folders in which imported files are looked up, before the importing file's own and the current one. Default: none. */
  readonly includeDirs?: readonly (string | URL)[] | undefined;
}

/**
 * Reads .proto files and gives what they declare, imports included, by its full name (`users.Users`), and by its simple name
 * (`Users`) where only one thing has it:
 *
 * - a service as an object of its methods, for `connect` and `implement`;
 * - an enum as an object of its numbers;
 * - a message as `{ typeName, encode(value): Buffer, decode(bytes): object, create(value): object }`.
 *
 * Values: a decoded message is a plain object with every field present. 64-bit integers are `bigint` (to encode, a safe integer
 * will do), bytes are a `Uint8Array` that nobody else has, enums are numbers, maps are objects without prototype, a oneof is one
 * property `{ case, value }` or undefined; `optional` and message fields that were not sent are undefined. To encode, every field
 * may be absent. Extensions of proto2 are not read.
 *
 * Bytes of a received message above 4 KiB that are at least half of it are a view of its memory, not a copy: their `buffer` is
 * larger than they are, so use it with `byteOffset` and `byteLength`, or copy them with `slice()`. `decode()` always copies.
 *
 * Each call stands for itself: two files that declare the same names can be used side by side.
 *
 * Never load a .proto from a source you do not trust: it decides which files of this machine are read, and its parser is not
 * made for hostile input.
 *
 * @param files Paths, from the current directory or one of `includeDirs`, or file URLs: `new URL('a.proto', import.meta.url)`.
 * @throws TypeError when an argument is of a wrong kind, or there is no file.
 * @throws Error that names file and line when a file is not well-formed; the importer, when a file is not found; the field
 * or method, when a type is not.
 */
export async function load(files: string | URL | readonly (string | URL)[], options: LoadOptions = {}): Promise<any> {
  checkOptions('load', options, ['includeDirs']);
  const includeDirs = paths('includeDirs', options.includeDirs ?? []);
  const all = paths('files', Array.isArray(files) ? files : [files]);
  // What parses .proto files is for those alone who load them.
  const { loadProtos } = await import('./load-protos.ts');
  return loadProtos(all, includeDirs);
}

function paths(argument: string, value: unknown): readonly string[] {
  if (!Array.isArray(value))
    throw new TypeError(`load: expected ${argument} to be strings, got ${describeValue(value)}`);
  if (argument === 'files' && value.length === 0) throw new TypeError('load: expected at least one file, got none');
  return value.map((each: unknown) => {
    if (each instanceof URL && each.protocol === 'file:') return fileURLToPath(each);
    if (typeof each === 'string' && each !== '') return each;
    throw new TypeError(`load: expected each of ${argument} to be a path or a file URL, got ${describeValue(each)}`);
  });
}
