// A process of the gateway spec. `far` reads some notes and stops until it is told to continue; `gateway` passes each call on to another
// server. Both answer 'ping'.
import { map, Observable, type Subscriber } from 'rxjs';
import { connect, implement, serve } from '../../lib/index.ts';
import { mergeMap } from '../../lib/operators.ts';
import { Lab, type Note } from './lab.ts';

const [role, argument = ''] = process.argv.slice(2);
const waiting: Subscriber<Note>[] = [];
let isStopped = role === 'far';
let taken = 0;

/** The work on one note. After the first `argument` notes, it waits for the spec to resume it. */
const work = (note: Note): Observable<Note> =>
  new Observable(done => {
    if (isStopped && ++taken > Number(argument)) waiting.push(done);
    else finish(done, note);
  });

const finish = (done: Subscriber<Note>, note: Note): void => {
  done.next(note);
  done.complete();
};

const far = implement.partial(Lab, {
  bidi: request$ => request$.pipe(mergeMap(work, 1)),
  serverStream: request$ => request$.pipe(map(({ n }) => ({ n }))),
});

const service = role === 'far' ? far : implement(Lab, connect(Lab, argument));
const server = await serve('http://127.0.0.1:0', service);

process.on('message', message => {
  if (message === 'go on') {
    isStopped = false;
    for (const done of waiting.splice(0)) finish(done, { n: -1 });
  }
  process.send!(message === 'ping' ? 'pong' : message);
});
process.on('disconnect', () => process.exit());
process.send!(server.target);
