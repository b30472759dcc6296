import { expect } from 'chai';
import { concat, from, lastValueFrom, map, mergeMap, of, range, throwError, toArray } from 'rxjs';
import { methodsOf } from '../../../lib/core/service.ts';
import { Code, close, connect, implement, load, loopback, type Method, RpcError, serve } from '../../../lib/index.ts';
import { record } from '../../support/record.ts';

/** A service as one tool describes it, and functions that create and read its messages. */
export interface Tool {
  readonly proto: string;
  readonly service: () => Promise<any>;
  readonly note: (text: string, count: number) => any;
  readonly echo: (note: any, seen: number) => any;
  readonly read: (note: any) => { readonly text: string; readonly count: number };
  readonly readEcho: (echo: any) => { readonly note: any; readonly seen: number };
  /** A message with all its fields, and the same in the form of load(). */
  readonly full: () => { readonly theirs: any; readonly ours: object };
}

const plain = {
  note: (text: string, count: number) => ({ text, count }),
  echo: (note: any, seen: number) => ({ note, seen }),
  read: ({ text, count }: any) => ({ text, count }),
  readEcho: ({ note, seen }: any) => ({ note, seen }),
};

/** A tool whose messages are plain objects, except for the given functions. */
export function tool(differences: Partial<Tool> & Pick<Tool, 'proto' | 'service' | 'full'>): Tool {
  return { ...plain, ...differences };
}

type Party = Omit<Tool, 'service' | 'full' | 'proto'> & { readonly service: any };

/** The guarantees for the definitions of every tool. */
export function works(make: () => Tool | Promise<Tool>): void {
  let theirs: Party & Tool;
  let ours: Party;
  const toClose: (() => unknown)[] = [];
  before(async () => {
    const made = await make();
    theirs = { ...made, service: await made.service() };
    ours = { ...plain, service: (await load(made.proto))['Notes'] };
  });
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });

  const start = async (client: Party, server: Party): Promise<any> => {
    const running = await serve('http://127.0.0.1:0', implement(server.service, handlers(server)));
    toClose.push(() => running.shutdown({ graceMs: 0 }));
    const users = connect(client.service, running.target);
    toClose.push(() => close(users));
    return users;
  };

  for (const [title, clientOf, serverOf] of [
    ['of its own', () => theirs, () => theirs],
    ['of load()', () => theirs, () => ours],
    ['of its own for a client of load()', () => ours, () => theirs],
  ] as const) {
    it(`carries messages in all four shapes to a server ${title}`, async () => {
      const party = clientOf();
      await carries(await start(party, serverOf()), party);
    });

    it(`carries a status, its details and trailers, from a server ${title}`, async () => {
      const party = clientOf();
      const client = await start(party, serverOf());
      for (const call of ['sayOne', 'sayMany', 'gather', 'chat']) {
        const { values, ending } = record<any>(client[call](of(party.note('missing', 2))));
        const error: any = (await ending).error;
        expect(error).to.include({ code: Code.NOT_FOUND, details: 'no such note', path: pathOf(party, call) });
        expect(error.metadata.get('x-reason')).to.deep.equal(['gone']);
        expect(values.map(echo => party.readEcho(echo).seen)).to.deep.equal(call === 'sayMany' ? [1] : []);
      }
    });
  }

  it('carries messages through loopback()', async () => {
    const client = loopback(implement(theirs.service, handlers(theirs)));
    toClose.push(() => close(client));
    await carries(client, theirs);
  });

  it('writes the same bytes as load(), and reads them', () => {
    const full = theirs.full();
    const [writes, expected] = [sayOne(theirs), sayOne(ours)];
    const bytes = writes.requestSerialize(full.theirs);
    expect(bytes).to.be.an.instanceOf(Buffer);
    expect(bytes.toString('hex')).to.equal(expected.requestSerialize(full.ours).toString('hex'));
    expect(writes.requestSerialize(writes.requestDeserialize(bytes)).toString('hex')).to.equal(bytes.toString('hex'));
  });
}

/** The behaviour of every implementation of Notes. */
function handlers({ read, echo }: Party): any {
  const checked = map((note: any) => {
    if (read(note).text !== 'missing') return note;
    throw new RpcError(Code.NOT_FOUND, 'no such note', { metadata: { 'x-reason': 'gone' } });
  });
  return {
    sayOne: (note$: any) =>
      note$.pipe(
        checked,
        map(note => echo(note, 1)),
      ),
    sayMany: (note$: any) =>
      note$.pipe(
        mergeMap((note: any) =>
          read(note).text === 'missing'
            ? concat(of(echo(note, 1)), of(note).pipe(checked))
            : range(1, read(note).count).pipe(map(seen => echo(note, seen))),
        ),
      ),
    gather: (note$: any) =>
      note$.pipe(
        checked,
        toArray(),
        map((notes: any) => echo(notes.at(-1), notes.length)),
      ),
    chat: (note$: any) =>
      note$.pipe(
        checked,
        map((note, index) => echo(note, index + 1)),
      ),
  };
}

async function carries(client: any, { note, read, readEcho }: Party): Promise<void> {
  const told = async (echo$: any): Promise<unknown[]> =>
    (await lastValueFrom<any[]>(echo$.pipe(toArray()))).map(echo => {
      const { note, seen } = readEcho(echo);
      return [read(note).text, read(note).count, seen];
    });
  const two$ = from([note('ä', 5), note('', -1)]);
  expect(await told(client.sayOne(note('one', 1)))).to.deep.equal([['one', 1, 1]]);
  expect(await told(of(note('one', 1)).pipe(client.sayOne))).to.deep.equal([['one', 1, 1]]);
  expect(await told(client.sayMany(note('many', 3)))).to.deep.equal([1, 2, 3].map(seen => ['many', 3, seen]));
  expect(await told(client.gather(two$))).to.deep.equal([['', -1, 2]]);
  const chat = [
    ['ä', 5, 1],
    ['', -1, 2],
  ];
  expect(await told(client.chat(two$))).to.deep.equal(chat);
  const refused: any = (await record(client.chat(throwError(() => 'stop'))).ending).error;
  expect(refused).to.equal('stop');
}

function sayOne({ service }: Party): Method {
  return methodsOf(service).find(([name]) => name === 'sayOne')![1];
}

function pathOf(party: Party, name: string): string {
  return methodsOf(party.service).find(([each]) => each === name)![1].path;
}
