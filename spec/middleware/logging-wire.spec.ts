import { expect } from 'chai';
import { concat, NEVER, of, throwError } from 'rxjs';
import { type CallLine, logging } from '../../lib/middleware.ts';
import { callOf, inAllShapes, type LabHandler, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { isBefore, withEnoughTime } from '../support/enough-time.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };
const echo: LabHandler = request$ => request$;

/** Lines as they are written, and a promise of the first. */
function logbook() {
  const lines: CallLine[] = [];
  const first = deferred<void>();
  const write = (line: CallLine) => {
    lines.push(line);
    first.resolve();
  };
  return { lines, first: first.promise, middleware: logging({ logger: { info: write, warn: write, error: write } }) };
}

describe('logging over the wire', () => {
  const bench = useBench();

  async function run(handler: LabHandler) {
    const ours = logbook();
    const theirs = logbook();
    const { client } = await bench.run(
      inAllShapes(handler),
      { middleware: [theirs.middleware] },
      { middleware: [ours.middleware] },
    );
    const lines = async () => {
      await Promise.all([ours.first, theirs.first]);
      await settled(() => ours.lines.length + theirs.lines.length);
      return [...ours.lines, ...theirs.lines].map(line => [line.side, line.code, line.requests, line.responses]);
    };
    return { client, lines, theirs };
  }

  for (const shape of shapes) {
    it(`records on both sides how a call ended, and its messages: ${shape}`, async () => {
      const { client, lines, theirs } = await run(echo);
      await record(callOf(client, shape, of(note))).ending;
      expect(await lines()).to.deep.equal([
        ['client', 'OK', 1, 1],
        ['server', 'OK', 1, 1],
      ]);
      expect(theirs.lines[0]!.peer).to.match(/:\d+$/);
    });
  }

  it('records CANCELLED on both sides when the client unsubscribes', async () => {
    const { client, lines } = await run(request$ => concat(of(note), request$));
    const recording = record(client.bidi(NEVER));
    await recording.received(1);
    recording.subscription.unsubscribe();
    expect(await lines()).to.deep.equal([
      ['client', 'CANCELLED', 0, 1],
      ['server', 'CANCELLED', 0, 1],
    ]);
  });

  for (const [name, handler] of Object.entries<LabHandler>({
    'that never ends': () => NEVER,
    'that replaces the error': request$ =>
      concat(
        request$,
        throwError(() => new Error('mine')),
      ),
  })) {
    it(`records DEADLINE_EXCEEDED on both sides when the deadline passes: a handler ${name}`, () =>
      withEnoughTime(50, async timeoutMs => {
        const isCalled = deferred();
        const { client, lines } = await run((request$, call) => {
          isCalled.resolve();
          return handler(request$, call);
        });
        if (!(await isBefore(isCalled.promise, errorOf(client.bidi(NEVER, { timeoutMs }))))) return false;
        const [ours, theirs] = await lines();
        // The client cancels at its own deadline, which may come before the server's.
        if (theirs?.[1] === 'CANCELLED') return false;
        expect([ours, theirs].map(line => line?.slice(0, 2))).to.deep.equal([
          ['client', 'DEADLINE_EXCEEDED'],
          ['server', 'DEADLINE_EXCEEDED'],
        ]);
        return true;
      }));
  }
});
