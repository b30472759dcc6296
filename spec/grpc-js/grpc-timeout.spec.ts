import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER, of } from 'rxjs';
import { parseTimeout } from '../../lib/grpc-js/grpc-timeout.ts';
import { Code, implement, type Server as RxServer } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;
const DAY_MS = 24 * 60 * 60 * 1000;
const note: Note = { n: 1 };

/** Valid values, each with its milliseconds. */
const wellFormed: readonly (readonly [string, number])[] = [
  ['0S', 0],
  ['1H', 3_600_000],
  ['600H', 25 * DAY_MS],
  ['1176H', 49 * DAY_MS],
  ['1200H', 50 * DAY_MS],
  ['99999999H', 99_999_999 * 3_600_000],
  ['1M', 60_000],
  ['99999999M', 99_999_999 * 60_000],
  ['1S', 1000],
  ['00000001S', 1000],
  ['2147483S', 2_147_483_000],
  ['2147484S', 2_147_484_000],
  ['4294968S', 4_294_968_000],
  ['99999999S', 99_999_999_000],
  ['1m', 1],
  ['99999999m', 99_999_999],
  ['1u', 1],
  ['1000u', 1],
  ['1001u', 2],
  ['99999999u', 100_000],
  ['1n', 1],
  ['99999999n', 100],
];

const illFormed = [
  '1',
  'S',
  '1s',
  '1h',
  '1D',
  '123456789S',
  '1.5S',
  '-1S',
  '+1S',
  '1 S',
  '1S2S',
  '1S, 1S',
  '0x1S',
  'S1',
  '1S;',
];

describe('parseTimeout', () => {
  it('returns whole milliseconds, rounded up', () => {
    for (const [header, ms] of wellFormed) expect(parseTimeout(header), header).to.equal(ms);
  });

  it('returns undefined unless there are one to eight digits and a unit', () => {
    for (const header of ['', ...illFormed]) expect(parseTimeout(header), header).to.equal(undefined);
  });
});

describe('A grpc-timeout', () => {
  const bench = useBench();
  const seen: (Date | undefined)[] = [];
  let isAnswering = true;

  beforeEach(() => {
    seen.length = 0;
    isAnswering = true;
  });

  const implementation = inAllShapes((_, call) => {
    seen.push(call.deadline);
    return isAnswering ? of(note) : NEVER;
  });

  /** The lab service on a server of this library, and on one of grpc-js. */
  const servers: readonly (readonly [string, () => Promise<Pick<RxServer, 'target'>>])[] = [
    ['serve()', async () => (await bench.run(implementation)).server],
    [
      'addService()',
      async () => {
        const bound = implement(Lab, implementation as any);
        const server = new Server();
        server.addService(bound.definition, bound.implementation);
        bench.onEnd(() => server.forceShutdown());
        const port = await new Promise<number>((resolve, reject) => {
          const credentials = ServerCredentials.createInsecure();
          server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
        });
        return { target: `http://127.0.0.1:${port}` };
      },
    ],
  ];

  async function call(server: Pick<RxServer, 'target'>, path: string, timeout: string) {
    const made = rawCall(server as RxServer, path, { 'grpc-timeout': timeout });
    bench.onEnd(() => made.close());
    made.send(note);
    return made.finish();
  }

  for (const [how, start] of servers) {
    it(`of any length is the deadline of its call, which is answered: ${how}`, async () => {
      const server = await start();
      for (const [header, ms] of wellFormed) {
        if (ms < 60_000) continue; // may pass before the answer
        for (const shape of shapes) {
          const from = Date.now();
          const { notes, trailers } = await call(server, Lab[shape].path, header);
          expect([trailers['grpc-status'], notes], `${shape}, ${header}`).to.deep.equal(['0', [note]]);
          expect(seen.pop()!.getTime(), header).to.be.within(from + ms, Date.now() + ms);
        }
      }
    });

    it(`that is malformed ends the call with INTERNAL, and no handler is called: ${how}`, async () => {
      const server = await start();
      for (const header of illFormed) {
        const { notes, trailers } = await call(server, Lab.bidi.path, header);
        expect([trailers['grpc-status'], notes], header).to.deep.equal([String(Code.INTERNAL), []]);
        expect(decodeURI(String(trailers['grpc-message']))).to.match(/expected grpc-timeout to be 1 to 8 digits/);
      }
      expect(seen).to.deep.equal([]);
    });

    it(`of 0 is a deadline that has passed: ${how}`, async () => {
      isAnswering = false;
      const server = await start();
      for (const header of ['0S', '0H', '0n']) {
        const { trailers } = await call(server, Lab.bidi.path, header);
        expect(trailers['grpc-status'], header).to.equal(String(Code.DEADLINE_EXCEEDED));
      }
    });
  }

  it('longer than any Node timer ends its call after the timer has been restarted often enough', async () => {
    const { setTimeout } = globalThis;
    const started: [fire: () => void, ms: number][] = [];
    const { server } = await bench.run({ bidi: () => NEVER });
    globalThis.setTimeout = ((fire: () => void, ms: number) => {
      if (!(ms > DAY_MS)) return setTimeout(fire, ms);
      started.push([fire, ms]);
      return setTimeout(() => {}, 0);
    }) as typeof setTimeout;
    try {
      const made = rawCall(server, Lab.bidi.path, { 'grpc-timeout': '1440H' });
      bench.onEnd(() => made.close());
      const ended = made.finish();
      const [first] = await until(() => started.length === 1 && started);
      first![0]();
      const [, second] = started;
      second![0]();
      const [, , third] = started;
      expect(started.map(([, ms]) => ms)).to.deep.equal([MAX_TIMER_MS, MAX_TIMER_MS, 60 * DAY_MS - 2 * MAX_TIMER_MS]);
      third![0]();
      expect((await ended).trailers['grpc-status']).to.equal(String(Code.DEADLINE_EXCEEDED));
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });
});

async function until<T>(look: () => T | false): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== false) return found;
    await new Promise(setImmediate);
  }
}
