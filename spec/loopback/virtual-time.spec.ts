import { expect } from 'chai';
import {
  asyncScheduler,
  concat,
  debounceTime,
  delay,
  finalize,
  firstValueFrom,
  interval,
  last,
  map,
  mergeMap,
  NEVER,
  type Observable,
  of,
  retry,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import {
  Code,
  implement,
  inspect,
  isRpcError,
  type LoopbackOptions,
  loopback,
  pull,
  RpcError,
  withCall,
} from '../../lib/index.ts';
import { serverBehind } from '../../lib/loopback/loopback.ts';
import { concatMap, mergeMap as pacedMergeMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, type LabClient, type LabHandler, type LabImplementation } from '../support/bench.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';

/** The notifications in virtual time; an error is represented by its code. */
function marbles(test: (helpers: RunHelpers) => void): void {
  const codes = (frames: any) =>
    frames.map((frame: any) => {
      const { kind, value, error } = frame.notification ?? {};
      return kind === undefined
        ? frame
        : { ...frame, notification: { kind, value, error: isRpcError(error) ? error.code : error } };
    });
  new TestScheduler((actual, expected) => void expect(codes(actual)).to.deep.equal(codes(expected))).run(test);
}

const { CANCELLED, DEADLINE_EXCEEDED } = Code;
const note: Note = { n: 1 };
const abc = { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } };
const echo: LabHandler = request$ => request$;
const inShape = (shape: Shape, handler: LabHandler): LabImplementation => ({ [shape]: handler });

for (const serialize of [true, false]) {
  const over = (implementation: LabImplementation, options?: LoopbackOptions<typeof Lab>): LabClient =>
    loopback(implement.partial(Lab, implementation), { ...options, serialize });

  /** The number of calls still running on both sides. */
  const running = (client: LabClient): number =>
    inspect(client).calls.length + inspect(serverBehind(client)!).calls.length;

  describe(`In virtual time, ${serialize ? 'serialized' : 'not serialized'},`, () => {
    it('a unary call takes as long as its request and its handler', () => {
      marbles(({ cold, expectObservable }) => {
        const client = over({ unary: request$ => request$.pipe(delay(3)) });
        expectObservable(client.unary(note)).toBe('               ---(a|)', abc);
        expectObservable(client.unary(cold('--a--|', abc))).toBe('--------(a|)', abc);
      });
    });

    it('responses arrive in the frame in which they are sent: serverStream', () => {
      marbles(({ cold, expectObservable }) => {
        const client = over({ serverStream: () => cold('-a--b-(c|)', abc) });
        expectObservable(client.serverStream(note)).toBe('-a--b-(c|)', abc);
      });
    });

    it('requests arrive in the frame in which they are sent: clientStream', () => {
      const seen: [frame: number, n: number][] = [];
      marbles(({ cold, expectObservable }) => {
        const see = ({ n }: Note) => seen.push([asyncScheduler.now(), n]);
        const client = over({ clientStream: request$ => request$.pipe(tap(see), last()) });
        expectObservable(client.clientStream(cold('-a--b-(c|)', abc))).toBe('------(c|)', abc);
      });
      expect(seen).to.deep.equal([[1, 1], [4, 2], [6, 3]]); // biome-ignore format: a list
    });

    it('both directions are independent: bidi', () => {
      marbles(({ cold, expectObservable }) => {
        const client = over({ bidi: request$ => request$.pipe(debounceTime(3)) });
        expectObservable(client.bidi(cold('ab-----c--|', abc))).toBe('----b-----(c|)', abc);
      });
    });

    for (const shape of shapes) {
      it(`an error arrives in the frame in which the handler failed: ${shape}`, () => {
        marbles(({ expectObservable }) => {
          const client = over(
            inShape(shape, () => timer(4).pipe(map(() => { throw new RpcError(Code.NOT_FOUND, 'x'); }))), // biome-ignore format: in one
          );
          expectObservable(callOf(client, shape, of(note))).toBe('----#', abc, Code.NOT_FOUND);
        });
      });

      it(`a response arrives one frame before the deadline, but not in its frame: ${shape}`, () => {
        marbles(({ expectObservable }) => {
          const client = over(inShape(shape, () => timer(10).pipe(map(() => note))));
          expectObservable(callOf(client, shape, of(note), { timeoutMs: 11 })).toBe('10ms (a|)', abc);
          expectObservable(callOf(client, shape, of(note), { timeoutMs: 10 })).toBe('10ms #', abc, DEADLINE_EXCEEDED);
          expectObservable(callOf(client, shape, of(note), { deadline: new Date(10) })).toBe(
            '10ms #',
            abc,
            DEADLINE_EXCEEDED,
          );
        });
      });

      it(`the deadline ends both sides in its frame: ${shape}`, () => {
        let client!: LabClient;
        marbles(({ cold, expectObservable, expectSubscriptions }) => {
          const request$ = cold<Note>('-');
          const response$ = cold<Note>('-');
          const handler: LabHandler = (heard$, call) => {
            expect(call.deadline).to.deep.equal(new Date(20));
            expectObservable(heard$).toBe('20ms #', abc, DEADLINE_EXCEEDED);
            expectObservable(call.cancelled$.pipe(map(({ code }) => code))).toBe('20ms (a|)', { a: DEADLINE_EXCEEDED });
            return response$;
          };
          client = over(inShape(shape, handler));
          expectObservable(callOf(client, shape, request$, { timeoutMs: 20 })).toBe('20ms #', abc, DEADLINE_EXCEEDED);
          expectSubscriptions(request$.subscriptions).toBe('^ 19ms !');
          expectSubscriptions(response$.subscriptions).toBe('^ 19ms !');
        });
        expect(running(client)).to.equal(0);
      });

      it(`an unsubscribe ends both sides in its frame: ${shape}`, () => {
        let client!: LabClient;
        marbles(({ cold, expectObservable, expectSubscriptions }) => {
          const request$ = cold<Note>('-');
          const response$ = cold<Note>('-');
          client = over(
            inShape(shape, heard$ => {
              expectObservable(heard$).toBe('----#', abc, CANCELLED);
              return response$;
            }),
          );
          expectObservable(callOf(client, shape, request$), '^---!').toBe('-');
          expectSubscriptions(request$.subscriptions).toBe('  ^---!');
          expectSubscriptions(response$.subscriptions).toBe(' ^---!');
        });
        expect(running(client)).to.equal(0);
      });

      it(`an error of request$ ends both sides in its frame: ${shape}`, () => {
        marbles(({ cold, expectObservable, expectSubscriptions }) => {
          const response$ = cold<Note>('-');
          const client = over(
            inShape(shape, heard$ => {
              expectObservable(heard$).toBe('---#', abc, CANCELLED);
              return response$;
            }),
          );
          expectObservable(callOf(client, shape, cold<Note>('---#', abc, 'mine'))).toBe('---#', abc, 'mine');
          expectSubscriptions(response$.subscriptions).toBe('^--!');
        });
      });

      it(`headers, trailers and status of withCall arrive in their frames: ${shape}`, () => {
        marbles(({ cold, expectObservable }) => {
          const client = over(
            inShape(shape, (_, call) => {
              timer(2).subscribe(() => call.sendHeaders({ h: 'x' }));
              call.trailers.set('t', 'y');
              return concat(cold('-----(a|)', abc), timer(3).pipe(mergeMap(() => [])));
            }),
          );
          const { response$, headers$, trailers$, status$ } = withCall(client[shape] as any, of(note));
          const texts = map((metadata: any) => metadata.getMap());
          const arrival = Lab[shape].responseStream ? '-----a--|' : '--------(a|)';
          expectObservable(headers$.pipe(texts)).toBe(' --h-----|', { h: { h: 'x' } });
          expectObservable(trailers$.pipe(texts)).toBe('--------(t|)', { t: { t: 'y' } });
          expectObservable(status$.pipe(map(({ code }) => code))).toBe('--------(s|)', { s: Code.OK });
          expectObservable(response$ as Observable<Note>).toBe(arrival, abc);
        });
      });
    }

    it('a deadline of 0 ms, or in the past, calls no handler', () => {
      let calls = 0;
      marbles(({ expectObservable }) => {
        const client = over(inAllShapes(request$ => { calls++; return request$; })); // biome-ignore format: in one
        const call$ = client.unary(note, { timeoutMs: 0 });
        expectObservable(call$).toBe('#', abc, DEADLINE_EXCEEDED);
        expectObservable(timer(5).pipe(mergeMap(() => client.bidi(NEVER, { deadline: new Date(4) })))).toBe(
          '-----#', abc, DEADLINE_EXCEEDED); // biome-ignore format: in one
      });
      expect(calls).to.equal(0);
    });

    it('retry makes its attempts in the frames of its back-off', () => {
      marbles(({ expectObservable }) => {
        const frames: number[] = [];
        const client = over({
          unary: request$ => {
            frames.push(asyncScheduler.now());
            return frames.length < 4 ? throwError(() => new RpcError(Code.UNAVAILABLE, 'x')) : request$;
          },
        });
        const backoff = (_: unknown, attempt: number) => timer(100 * 2 ** (attempt - 1));
        const call$ = client.unary(note).pipe(
          retry({ delay: backoff }),
          tap(() => expect(frames).to.deep.equal([0, 100, 300, 700])),
        );
        expectObservable(call$).toBe('700ms (a|)', abc);
      });
    });

    it('draining$ ends a call that subscribes to it, in its frame', () => {
      marbles(({ cold, expectObservable }) => {
        const client = over(
          { bidi: (request$, call) => concat(request$.pipe(takeUntil(call.draining$)), of({ n: 3 })) },
          { draining$: cold('----(x|)') },
        );
        expectObservable(client.bidi(cold('-a-b-b', abc))).toBe('-a-b(c|)', abc);
      });
    });

    it('stallTimeoutMs ends a call whose responses or requests nobody takes, in its frame', () => {
      marbles(({ expectObservable }) => {
        const many$ = pull(Array.from({ length: 100 }, (_, n) => ({ n })));
        const never = concatMap(() => NEVER);
        const options = { server: { stallTimeoutMs: 40 } };
        const client = over({ serverStream: () => many$, clientStream: request$ => request$.pipe(never) }, options);
        const call$ = client.serverStream(note, { stallTimeoutMs: 30 }).pipe(never);
        expectObservable(call$).toBe('30ms #', abc, Code.ABORTED);
        expectObservable(client.clientStream(many$)).toBe('40ms #', abc, Code.ABORTED);
      });
    });

    it('the deadline ends the requests of a call whose responses nobody takes, in its frame', () => {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const request$ = cold<Note>('-');
        const client = over({ bidi: () => concat(of(...Array.from({ length: 100 }, (_, n) => ({ n }))), NEVER) });
        const stuck$ = client.bidi(request$, { timeoutMs: 20 }).pipe(concatMap(() => NEVER));
        expectObservable(stuck$).toBe('70ms #', abc, DEADLINE_EXCEEDED);
        expectSubscriptions(request$.subscriptions).toBe('^ 19ms !');
      });
    });

    it('a paced source runs ahead of its reader by 29 values', () => {
      const asked: number[] = [];
      marbles(({ expectObservable }) => {
        const source$ = pull(function* () {
          for (let n = 0; n < 100; n++) {
            asked.push(asyncScheduler.now());
            yield { n };
          }
        });
        const client = over({ serverStream: () => source$ });
        const read$ = client.serverStream(note).pipe(concatMap(({ n }) => of(n).pipe(delay(10))), last()); // biome-ignore format: in one
        expectObservable(read$).toBe('1s (z|)', { z: 99 });
      });
      for (const [n, frame] of asked.entries()) expect(n).to.be.within(frame / 10, frame / 10 + 30);
      expect(asked.at(-1)).to.be.within(700, 900);
    });

    it('several calls in one frame stay separate and in order', () => {
      marbles(({ expectObservable }) => {
        const client = over({ unary: request$ => request$.pipe(delay(1)) });
        const many$ = of(...Array.from({ length: 20 }, (_, n) => ({ n })));
        const answers$ = many$.pipe(mergeMap(request => client.unary(request, { timeoutMs: 2 })), map(({ n }) => n.toString(36))); // biome-ignore format: in one
        expectObservable(answers$).toBe('-(0123456789abcdefghij|)');
      });
    });

    it('a call made on behalf of another inherits its deadline and ends with it', () => {
      let far!: LabClient;
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const response$ = cold<Note>('-');
        far = over({
          unary: (_, call) => {
            expect(call.deadline).to.deep.equal(new Date(15));
            return response$;
          },
        });
        const near = over({ bidi: (request$, call) => request$.pipe(pacedMergeMap(one => far.unary(one, call), 3)) });
        expectObservable(near.bidi(cold('-ab-', abc), { timeoutMs: 15 })).toBe('15ms #', abc, DEADLINE_EXCEEDED);
        expectSubscriptions(response$.subscriptions).toBe(['-^ 13ms !', '--^ 12ms !']);
      });
      expect(running(far)).to.equal(0);
    });

    it('a proxy between two loopbacks takes no time', () => {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const request$ = cold('-a-b-b-b-b', abc);
        const far = over({ bidi: request => request.pipe(delay(2)) });
        const near = over(far);
        expectObservable(near.bidi(request$, { timeoutMs: 100 }), '^-----!').toBe('---a-b-', abc);
        expectSubscriptions(request$.subscriptions).toBe('^-----!');
      });
    });

    it('a source of intervals is unsubscribed when its reader is done', () => {
      marbles(({ expectObservable }) => {
        let stoppedAt = -1;
        const source$ = interval(5).pipe(map(n => ({ n })), finalize(() => { stoppedAt = asyncScheduler.now(); })); // biome-ignore format: in one
        const client = over({ serverStream: () => source$ });
        const three$ = client.serverStream(note).pipe(
          take(3),
          map(({ n }) => n),
        );
        expectObservable(three$.pipe(map(String))).toBe('-----0----1----(2|)');
        expectObservable(timer(20).pipe(map(() => stoppedAt))).toBe('20ms (x|)', { x: 15 });
      });
    });

    it('a handler that uses promises never answers', () => {
      marbles(({ expectObservable }) => {
        const client = over({ unary: async request$ => firstValueFrom(request$) });
        expectObservable(client.unary(note, { timeoutMs: 1000 })).toBe('1s #', abc, DEADLINE_EXCEEDED);
      });
    });

    it('a client works before, during and after virtual time', async () => {
      const client = over({ unary: echo });
      expect(await firstValueFrom(client.unary(note))).to.deep.equal(note);
      marbles(({ expectObservable }) => expectObservable(client.unary(note)).toBe('(a|)', abc));
      expect(await firstValueFrom(client.unary(note))).to.deep.equal(note);
    });
  });
}
