import { fileURLToPath } from 'node:url';

/** users.proto, wherever the program is started from. */
export const protoFile: string = fileURLToPath(new URL('../../protos/users.proto', import.meta.url));
