import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { implement, loopback } from '../../lib/index.ts';
import { errorOf } from '../support/record.ts';
import { tool, works } from './support/works.ts';

// In the repository, because grpc-tools downloads its programs at installation. See the README of the folder.

describe('A static service of grpc-tools', () => {
  works(async () => {
    const { NotesService } = (await import('./grpc-tools/notes_grpc_pb.js')).default;
    const { Note, Echo } = (await import('./grpc-tools/notes_pb.js')).default;
    const note = (text: string, count: number) => {
      const made = new Note();
      made.setText(text);
      made.setCount(count);
      return made;
    };
    return tool({
      proto: fileURLToPath(new URL('./grpc-tools/notes.proto', import.meta.url)),
      service: async () => NotesService,
      note,
      echo: (note, seen) => {
        const made = new Echo();
        made.setNote(note);
        made.setSeen(seen);
        return made;
      },
      read: note => ({ text: note.getText(), count: note.getCount() }),
      readEcho: echo => ({ note: echo.getNote(), seen: echo.getSeen() }),
      full: () => ({ theirs: note('ä', -2), ours: { text: 'ä', count: -2 } }),
    });
  });

  it('fails the call for a value that is not an instance of the message class', async () => {
    const { NotesService } = (await import('./grpc-tools/notes_grpc_pb.js')).default;
    const client = loopback(implement.partial(NotesService, {}));
    const error = await errorOf(client.sayOne({ text: 'a' } as never));
    expect(error.message).to.equal('Expected argument of type small.v1.Note');
  });
});
