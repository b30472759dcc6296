import { fileURLToPath } from 'node:url';
import { checkOptions, describeValue } from '../core/validate.ts';

export interface LoadOptions {
  /**
   * Folders to search for imported files, before the importing file's own folder and the current one. Default: none.
   */
  readonly includeDirs?: readonly (string | URL)[] | undefined;
}

/**
 * Loads .proto files and their imports. Returns the declarations by full name (`users.Users`), and by simple name
 * (`Users`) if the name is unique:
 *
 * - a service as an object of its methods, for `connect` and `implement`;
 * - an enum as an object of its numbers;
 * - a message as `{ typeName, encode(value): Buffer, decode(bytes): object, create(value): object }`.
 *
 * A decoded message is a plain object with every field present. 64-bit integers are `bigint`, bytes are a `Uint8Array`
 * of the receiver's own, enums are numbers, maps are objects without prototype. A oneof is one property `{ case, value
 * }`, or undefined. `optional` fields and message fields that were not sent are undefined. To encode, every field may
 * be absent, and a 64-bit integer may be a safe integer. Extensions of proto2 are not read.
 *
 * In a received message above 4 KiB, bytes that make up at least half of the message are a view of its memory, not a
 * copy. Their `buffer` is larger than they are: use it with `byteOffset` and `byteLength`, or copy the bytes with
 * `slice()`. `decode()` always copies.
 *
 * Each call is independent: two files that declare the same names can be used side by side.
 *
 * Never load a .proto from an untrusted source. The file decides which files of this machine are read, and the parser
 * is not made for hostile input.
 *
 * @param files paths, relative to the current directory or one of `includeDirs`, or file URLs: `new URL('a.proto',
 *   import.meta.url)`.
 * @throws TypeError when an argument has the wrong type, or there is no file.
 * @throws Error that names file and line when a file is not well-formed; the importer when a file is not found; the
 *   field or method when a type is not found.
 */
export async function load(files: string | URL | readonly (string | URL)[], options: LoadOptions = {}): Promise<any> {
  checkOptions('load', options, ['includeDirs']);
  const includeDirs = paths('includeDirs', options.includeDirs ?? []);
  const all = paths('files', Array.isArray(files) ? files : [files]);
  // Imported here, so that only programs that load .proto files load the parser.
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
