import { join } from 'node:path';
import { generate } from './support/generated.ts';
import { fullNote, proto } from './support/notes.ts';
import { tool, works } from './support/works.ts';

const { choice, ...others } = fullNote;
const theirs = {
  ...others,
  where: choice.value,
  bigNumber: Number(fullNote.bigNumber),
  at: new Date(1_600_000_000_500),
};

const code = async (folder = 'ts-proto') => import(join(await generate(), folder, 'notes.ts'));

describe('A generic definition of ts-proto', () => {
  works(() =>
    tool({ proto, service: async () => (await code()).NotesDefinition, full: () => ({ theirs, ours: fullNote }) }),
  );
});

describe('A generic definition of ts-proto with unions, maps and bigints', () => {
  const other = {
    ...others,
    choice: { $case: 'where', where: choice.value },
    tally: new Map(Object.entries(others.tally)),
    at: theirs.at,
  };
  works(() =>
    tool({
      proto,
      service: async () => (await code('ts-proto-other')).NotesDefinition,
      full: () => ({ theirs: other, ours: fullNote }),
    }),
  );
});

describe('A definition of ts-proto for grpc-js', () => {
  works(async () => {
    const { Note, NotesService } = await code();
    return tool({
      proto,
      service: async () => NotesService,
      note: (text, count) => Note.fromPartial({ text, count }),
      full: () => ({ theirs: Note.fromPartial(theirs), ours: fullNote }),
    });
  });
});
