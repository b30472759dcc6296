import { join } from 'node:path';
import type { MessageType } from '@protobuf-ts/runtime';
import type { ServiceType } from '@protobuf-ts/runtime-rpc';
import { generate } from './support/generated.ts';
import { fullNote, proto } from './support/notes.ts';
import { tool, works } from './support/works.ts';

const { choice, ...others } = fullNote;
const theirs = { ...others, choice: { oneofKind: choice.case, where: choice.value } };

interface Code {
  readonly Note: MessageType<any>;
  readonly Echo: MessageType<any>;
  readonly Notes: ServiceType;
}

const code = async (): Promise<Code> => import(join(await generate(), 'protobuf-ts/notes.ts'));

describe('A ServiceType of protobuf-ts', () => {
  works(() =>
    tool({
      proto,
      service: async () => (await code()).Notes,
      full: () => ({ theirs, ours: fullNote }),
    }),
  );
});

describe('A definition of protobuf-ts for grpc-js', () => {
  works(async () => {
    const { Note, Echo } = await code();
    return tool({
      proto,
      service: async () => (await import(join(await generate(), 'protobuf-ts/notes.grpc-server.ts'))).notesDefinition,
      note: (text, count) => Note.create({ text, count }),
      echo: (note, seen) => Echo.create({ note, seen }),
      full: () => ({ theirs, ours: fullNote }),
    });
  });
});
