import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { interval, map, range, Subject, Subscription, take } from 'rxjs';
import { Camera, type Sighting } from '../gen/camera.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { milliseconds, wholeNumber } from '../support/whole-number.ts';
import { watch } from './watch.ts';

const program = withAddress(new Command('server'), 50063)
  .description('A camera: it films for as many as watch, until Ctrl-C.')
  .option('--frames <number>', 'how many it films', wholeNumber(1), Infinity)
  .option('--cars <number>', 'that it sees in each frame', wholeNumber(1), 5)
  .option('--pace-ms <ms>', 'between two frames', milliseconds, 40)
  .option('--readers <number>', 'it films from when so many watch until nobody does', wholeNumber(1), 1)
  .option('--max-waiting <sightings>', 'that may wait for a reader', wholeNumber(1), 10_000);

await runServer(program, () => {
  const options = program.opts<{ frames: number; cars: number; paceMs: number; readers: number; maxWaiting: number }>();
  const { frames, cars, paceMs, readers, maxWaiting } = options;
  const sighting$ = new Subject<Sighting>();
  let seen = 0;
  let filming = Subscription.EMPTY;
  const film$ = interval(paceMs).pipe(
    take(frames),
    concatMap(frame =>
      range(1, cars).pipe(map(car => ({ number: ++seen, car: `car ${car}`, distance: (frame * car) % 500 }))),
    ),
  );
  const onReaders = (watching: number) => {
    if (watching === 0) filming.unsubscribe();
    else if (watching >= readers && filming.closed) filming = film$.subscribe(sighting$);
  };
  return implement(Camera, { watch: watch(sighting$, maxWaiting, onReaders) });
});
