import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  asapScheduler,
  finalize,
  interval,
  lastValueFrom,
  map,
  Observable,
  mergeMap as rxMergeMap,
  share as rxShare,
  take,
  tap,
  timer,
} from 'rxjs';
import { pull, toAsyncIterable } from '../../lib/index.ts';
import {
  concatMap,
  delay,
  mergeMap,
  observeOn,
  onBackpressureBuffer,
  onBackpressureLatest,
  share,
  zip,
} from '../../lib/operators.ts';
import { callOf, inAllShapes, type LabHandler, useBench } from '../support/bench.ts';
import { type Note, type Shape, shapes } from '../support/lab.ts';
import { idOf, Looks, withStore } from '../support/looks.ts';

const CALLS = 6;
const NOTES = 40;
/** Large enough to fill the sink of a call with a few messages. */
const text = 'x'.repeat(16_384);
const notes = (count = NOTES): Note[] => Array.from({ length: count }, (_, n) => ({ n, text }));

describe('AsyncLocalStorage around a handler', () => {
  const bench = useBench();
  let looks: Looks;
  beforeEach(() => {
    looks = new Looks();
  });

  /** Concurrent calls, each with its own id, with large messages and slow readers, so that much of it waits. */
  const run = async (handler: LabHandler, shape: Shape = 'bidi', requests = NOTES): Promise<void> => {
    const { client } = await bench.run(inAllShapes(handler), { middleware: [withStore] });
    const isStream = shape === 'bidi' || shape === 'clientStream';
    const call = async (_: unknown, id: number) => {
      const response$ = callOf(client, shape, pull(notes(isStream ? requests : 1)), { metadata: { id: `${id}` } });
      for await (const _ of toAsyncIterable(response$)) await sleep(id % 2);
    };
    await Promise.all(Array.from({ length: CALLS }, call));
    expect([...looks.wrong]).to.deep.equal([]);
  };

  for (const shape of shapes) {
    it(`applies to the handler and to all callbacks of its requests and responses, ${shape}`, async () => {
      await run((request$, call) => {
        const id = idOf(call);
        looks.at('handler', id);
        return request$.pipe(
          tap({
            subscribe: () => looks.at('subscribe', id),
            next: () => looks.at('next', id),
            finalize: () => looks.at('finalize', id),
          }),
          take(1),
          map(note => {
            looks.at('map', id);
            return note;
          }),
          finalize(() => looks.at('finalize of the response', id)),
        );
      }, shape);
      for (const where of ['handler', 'subscribe', 'next', 'map', 'finalize', 'finalize of the response']) {
        expect(looks.seen(where), where).to.equal(CALLS);
      }
    });
  }

  const sources: Record<string, (look: () => void, request$: Observable<Note>) => unknown> = {
    'a generator that the wire resumes': look =>
      (function* () {
        try {
          for (const note of notes()) {
            look();
            yield note;
          }
        } finally {
          look();
        }
      })(),
    'an async generator that the wire resumes': look =>
      (async function* () {
        for (const note of notes()) {
          look();
          yield note;
          look();
          if (note.n % 3 === 0) await sleep(1);
          look();
        }
      })(),
    'a promise': async (look, request$) => {
      const last = await lastValueFrom(request$);
      look();
      await sleep(1);
      look();
      return last;
    },
    'timers of RxJS': look =>
      interval(1).pipe(
        take(5),
        map(n => {
          look();
          return { n };
        }),
      ),
    'the end of the requests': (look, request$) => request$.pipe(tap({ complete: look }), take(NOTES + 1)),
  };
  for (const [name, source] of Object.entries(sources)) {
    it(`applies to ${name}`, async () => {
      await run((request$, call) => source(() => looks.at('source', idOf(call)), request$), 'bidi', 1);
      expect(looks.seen('source')).to.be.at.least(CALLS);
    });
  }

  /** Each continues later: resumed by the wire, by a timer, or by the end of another Observable. */
  const pipelines: Record<string, (work: (note: Note) => Note) => (request$: Observable<Note>) => Observable<Note>> = {
    'requests that the wire resumes': work => map(work),
    'concatMap over promises': work => concatMap(async note => work(await sleep(1, note))),
    'mergeMap over timers': work => mergeMap(note => timer(1).pipe(map(() => work(note))), 3),
    'concatMap over rows that are pulled': work => concatMap(note => pull([note, note]).pipe(map(work))),
    'a function of concatMap that another call starts': work => concatMap(note => inPool(work(note))),
    "RxJS's mergeMap": work => rxMergeMap(async note => work(await sleep(1, note))),
    zip: work => request$ => zip(request$, pull(notes())).pipe(map(([note]) => work(note))),
    delay: work => request$ => request$.pipe(delay(2), map(work)),
    'observeOn with a scheduler that runs everything in one turn': work => request$ =>
      request$.pipe(observeOn(asapScheduler), map(work)),
    share: work => request$ => request$.pipe(share(), map(work)),
    'share with maxLag': work => request$ => request$.pipe(share({ maxLag: 4 }), map(work)),
    "RxJS's share": work => request$ => request$.pipe(rxShare(), map(work)),
    onBackpressureBuffer: work => request$ =>
      request$.pipe(
        rxMergeMap(note => [note, note]),
        onBackpressureBuffer<Note>(1000),
        map(work),
      ),
    onBackpressureLatest: work => request$ => request$.pipe(onBackpressureLatest<Note>(), map(work)),
  };
  for (const [name, pipeline] of Object.entries(pipelines)) {
    it(`applies to ${name}`, async () => {
      const pool = setInterval(workInPool, 1);
      bench.onEnd(() => clearInterval(pool));
      await run((request$, call) =>
        pipeline(note => {
          looks.at('work', idOf(call));
          return note;
        })(request$),
      );
      expect(looks.seen('work')).to.be.at.least(CALLS * 2);
    });
  }

  it('is that of each call when calls share a source, whichever call resumes it', async () => {
    const source$ = pull(() => notes()).pipe(share());
    await run((_request$, call) => source$.pipe(tap(() => looks.at('shared', idOf(call)))), 'bidi', 1);
    expect(looks.seen('shared')).to.be.at.least(CALLS);
  });
});

const pool: (() => void)[] = [];

/** Work that is completed by code that knows nothing of the requester, as a connection pool does. */
function inPool(note: Note): Observable<Note> {
  return new Observable(output => {
    pool.push(() => {
      output.next(note);
      output.complete();
    });
  });
}

function workInPool(): void {
  for (const work of pool.splice(0)) work();
}
