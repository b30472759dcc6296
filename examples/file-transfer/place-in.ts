import { join } from 'node:path';
import { Code, RpcError } from 'rx-grpc';

const PARTIAL = '.partial';
/** With that of a partial file, what file systems allow. */
const MAX_NAME_BYTES = 240;

/** Where a file stands, and where it arrives. */
export interface Place {
  readonly path: string;
  readonly partial: string;
}

/**
 * The place of a name that came over the wire: in the folder itself, whatever the name.
 *
 * @throws RpcError INVALID_ARGUMENT when it is no plain name: one with a separator or a control character, `..`, or that of a file that arrives.
 */
export function placeIn(folder: string, name: string): Place {
  const isPlain = /^[^/\\:\p{Cc}]+$/u.test(name) && !/^\.+$/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
  if (!isPlain || name.endsWith(PARTIAL)) {
    throw new RpcError(Code.INVALID_ARGUMENT, `${JSON.stringify(name)} is not the name of a file in the folder`);
  }
  const path = join(folder, name);
  return { path, partial: path + PARTIAL };
}
