import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Checked, check, head } from './support/compiled.ts';

const programs = {
  'protobuf-es': `
    import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
    import { type EchoSchema, NoteSchema, Notes } from '../es/notes_pb.ts';
    type NoteInit = MessageInitShape<typeof NoteSchema>;
    type Note = MessageShape<typeof NoteSchema>;
    type Echo = MessageShape<typeof EchoSchema>;

    const client = connect(Notes, 'http://127.0.0.1:1');
    expectTypeOf(client.sayOne).parameter(0).toEqualTypeOf<NoteInit | Observable<NoteInit>>();
    expectTypeOf(client.sayMany).parameter(0).toEqualTypeOf<NoteInit | Observable<NoteInit>>();
    expectTypeOf(client.gather).parameter(0).toEqualTypeOf<Observable<NoteInit>>();
    expectTypeOf(client.chat).parameter(0).toEqualTypeOf<Observable<NoteInit>>();
    expectTypeOf(client.sayOne).returns.toEqualTypeOf<Observable<Echo>>();
    client.sayOne({ place: { name: '' }, choice: { case: 'where', value: { name: '' } }, bigNumber: 1n });
    client.sayOne(create(NoteSchema, { text: '' }));
    // @ts-expect-error a wrong field
    client.sayOne({ wrong: 1 });
    // @ts-expect-error a wrong field of a field
    client.sayOne({ place: { wrong: 1 } });
    // @ts-expect-error a number for a bigint
    client.sayOne({ bigNumber: 1 });
    // @ts-expect-error no stream of requests
    client.chat({ text: '' });
    // @ts-expect-error there is no such method
    client.sayTwo;

    const bound = implement(Notes, {
      sayOne: note$ => {
        expectTypeOf(note$).toEqualTypeOf<Observable<Note>>();
        return note$.pipe(map(note => ({ note, seen: 1 })));
      },
      sayMany: () => [{ seen: 1 }],
      gather: async () => ({}),
      // @ts-expect-error a wrong answer
      chat: () => of({ seen: '1' }),
    });
    expectTypeOf(loopback(bound).sayOne).toEqualTypeOf(client.sayOne);
    implement(Notes, client);
    // @ts-expect-error methods are missing
    implement(Notes, { sayOne: () => of({}) });
  `,
  'protobuf-ts': `
    import { notesDefinition } from '../protobuf-ts/notes.grpc-server.ts';
    import { Note, Notes } from '../protobuf-ts/notes.ts';
    import type { Echo } from '../protobuf-ts/notes.ts';

    const client = connect(notesDefinition, 'http://127.0.0.1:1');
    expectTypeOf(client.sayOne).parameter(0).toEqualTypeOf<Note | Observable<Note>>();
    expectTypeOf(client.sayMany).parameter(0).toEqualTypeOf<Note | Observable<Note>>();
    expectTypeOf(client.gather).parameter(0).toEqualTypeOf<Observable<Note>>();
    expectTypeOf(client.chat).parameter(0).toEqualTypeOf<Observable<Note>>();
    expectTypeOf(client.sayMany).returns.toEqualTypeOf<Observable<Echo>>();
    client.sayOne(Note.create({ text: '' }));
    // @ts-expect-error a wrong field
    client.sayOne({ ...Note.create(), wrong: 1 });
    // @ts-expect-error there is no such method
    client.sayTwo;
    implement.partial(notesDefinition, {
      sayOne: note$ => note$.pipe(map(note => ({ note, seen: note.count }))),
      // @ts-expect-error a wrong answer
      chat: () => of({ seen: '1' }),
    });
    // A ServiceType does not say of which messages it is.
    expectTypeOf(connect(Notes, 'http://127.0.0.1:1')).toBeAny();
    implement(Notes, { sayOne: note$ => note$ });
  `,
  'ts-proto': `
    import { type DeepPartial, type Echo, Note, NotesDefinition, NotesService } from '../ts-proto/notes.ts';

    const client = connect(NotesDefinition, 'http://127.0.0.1:1');
    type Sent = Exclude<Parameters<typeof client.sayOne>[0], Observable<unknown>>;
    expectTypeOf<DeepPartial<Note>>().toExtend<Sent>();
    expectTypeOf<keyof Sent>().toEqualTypeOf<keyof Note>();
    expectTypeOf<Sent['at']>().toEqualTypeOf<Date | undefined>();
    expectTypeOf<Sent['raw']>().toEqualTypeOf<Note['raw'] | undefined>();
    expectTypeOf(client.sayOne).returns.toEqualTypeOf<Observable<Echo>>();
    expectTypeOf(client.chat).parameter(0).toEqualTypeOf<Observable<Sent>>();
    client.sayOne({ place: {}, places: [{ name: '' }, {}], at: new Date(), tally: { a: 1 }, nick: undefined });
    client.sayOne(Note.fromPartial({}));
    // @ts-expect-error a wrong field
    client.sayOne({ wrong: 1 });
    // @ts-expect-error a wrong field of a field
    client.sayOne({ place: { wrong: 1 } });
    // @ts-expect-error no stream of requests
    client.gather({ text: '' });
    // @ts-expect-error there is no such method
    client.name;
    const bound = implement(NotesDefinition, {
      sayOne: note$ => {
        expectTypeOf(note$).toEqualTypeOf<Observable<Note>>();
        return note$.pipe(map(note => ({ note })));
      },
      sayMany: () => [{}],
      gather: async () => ({}),
      // @ts-expect-error a wrong answer
      chat: () => of({ seen: '1' }),
    });
    expectTypeOf(loopback(bound).sayOne).toEqualTypeOf(client.sayOne);
    connect(NotesDefinition, 'http://127.0.0.1:1', {
      middleware: [
        {
          chat: rpc => (note$, call) => {
            expectTypeOf(note$).toEqualTypeOf<Observable<Sent>>();
            return rpc(note$, call);
          },
        },
      ],
    });
    implement.partial(
      NotesDefinition,
      {},
      {
        middleware: [
          {
            chat: rpc => (note$, call) => {
              expectTypeOf(note$).toEqualTypeOf<Observable<Note>>();
              return rpc(note$, call);
            },
            // @ts-expect-error there is no such method
            name: rpc => rpc,
          },
        ],
      },
    );

    const whole = connect(NotesService, 'http://127.0.0.1:1');
    expectTypeOf(whole.sayOne).parameter(0).toEqualTypeOf<Note | Observable<Note>>();
    expectTypeOf(whole.chat).parameter(0).toEqualTypeOf<Observable<Note>>();
    // @ts-expect-error fields are missing
    whole.sayOne({ text: '' });
  `,
  'ts-proto-other': `
    import { type DeepPartial, type Note, NotesDefinition } from '../ts-proto-other/notes.ts';

    const client = connect(NotesDefinition, 'http://127.0.0.1:1');
    type Sent = Exclude<Parameters<typeof client.sayOne>[0], Observable<unknown>>;
    // Its own type of a partial map is that of an object with the methods of a Map.
    expectTypeOf<Omit<DeepPartial<Note>, 'tally'>>().toExtend<Omit<Sent, 'tally'>>();
    expectTypeOf<Sent['tally']>().toEqualTypeOf<Note['tally'] | undefined>();
    expectTypeOf<keyof Sent>().toEqualTypeOf<keyof Note>();
    client.sayOne({ choice: { $case: 'where', where: {} }, bigNumber: 1n, tally: new Map([['a', 1]]) });
    client.sayOne({ choice: { $case: 'word', word: '' } });
    // @ts-expect-error the field of another case
    client.sayOne({ choice: { $case: 'word', where: {} } });
    // @ts-expect-error there is no such case
    client.sayOne({ choice: { $case: 'wrong' } });
  `,
  'proto-loader': `
    import type { ServiceDefinition } from '@grpc/grpc-js';
    import type { ProtoGrpcType } from '../proto-loader/notes.ts';
    import type { Echo, Echo__Output } from '../proto-loader/notes/v1/Echo.ts';
    import type { Note, Note__Output } from '../proto-loader/notes/v1/Note.ts';

    export function use({ notes }: ProtoGrpcType, untyped: ServiceDefinition) {
      const { service } = notes.v1.Notes;
      const client = connect(service, 'http://127.0.0.1:1', {
        middleware: [
          {
            chat: rpc => (note$, call) => {
              expectTypeOf(note$).toEqualTypeOf<Observable<Note>>();
              return rpc(note$, call);
            },
          },
        ],
      });
      // Its types do not say which RPCs are streams: those are checked when they are called.
      expectTypeOf(client.chat).parameter(0).toEqualTypeOf<Note | Observable<Note>>();
      expectTypeOf(client.sayOne).returns.toEqualTypeOf<Observable<Echo__Output>>();
      client.sayOne({ text: '', bigNumber: 1 });
      // @ts-expect-error a wrong field
      client.sayOne({ wrong: 1 });
      // @ts-expect-error there is no such method
      client.sayTwo;
      implement.partial(service, {
        sayOne: note$ => {
          expectTypeOf(note$).toEqualTypeOf<Observable<Note__Output>>();
          return note$.pipe(map((note): Echo => ({ note })));
        },
        // @ts-expect-error a wrong answer
        chat: () => of({ seen: '1' }),
      });
      connect(untyped, 'http://127.0.0.1:1')['sayOne']?.({});
    }
  `,
  'grpc-tools': `
    import { NotesService } from '../../../../spec/foreign/grpc-tools/notes_grpc_pb.js';
    import { Echo, Note } from '../../../../spec/foreign/grpc-tools/notes_pb.js';

    const client = connect(NotesService, 'http://127.0.0.1:1');
    expectTypeOf(client.sayOne).parameter(0).toEqualTypeOf<Note | Observable<Note>>();
    expectTypeOf(client.chat).parameter(0).toEqualTypeOf<Observable<Note>>();
    expectTypeOf(client.chat).returns.toEqualTypeOf<Observable<Echo>>();
    client.sayOne(new Note());
    // @ts-expect-error no message
    client.sayOne({ text: '' });
    // @ts-expect-error there is no such method
    client.sayTwo;
    implement.partial(NotesService, {
      sayOne: note$ => note$.pipe(map(note => new Echo().setNote(note))),
      // @ts-expect-error a wrong answer
      chat: () => of(new Note()),
    });
  `,
};

const page = readFileSync(new URL('../../docs/foreign.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, example]) => ({
  about: example!.match(/'\.\/gen\/([^/]*)/)?.[1] ?? 'the one that is run',
  program: example!.replaceAll("'./gen/", "'../").replaceAll("'rx-grpc'", "'../../../../lib/index.ts'"),
}));

describe('The types of services from other generators', () => {
  let checked: Checked;
  before(async function () {
    this.timeout(120_000);
    checked = await check({
      ...Object.fromEntries(Object.entries(programs).map(([name, program]) => [name, head + program])),
      ...Object.fromEntries(examples.map(({ program }, index) => [`example-${index}`, program])),
      wrong: "export const wrong: number = '';",
    });
  });

  for (const name of Object.keys(programs)) {
    it(`are inferred from the generated code: ${name}`, () => {
      expect(checked.errorsIn(name)).to.deep.equal([]);
    });
  }

  for (const [index, { about }] of examples.entries()) {
    it(`compile in the example of docs/foreign.md: ${about}`, () => {
      expect(checked.errorsIn(`example-${index}`)).to.deep.equal([]);
    });
  }

  it('reject an incorrect program', () => {
    expect(checked.errorsIn('wrong').join()).to.match(/TS2322/);
  });
});
