import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { interval, map, Subject, Subscription, take } from 'rxjs';
import { Camera, type Frame } from '../gen/camera.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { watch } from './watch.ts';

const program = withAddress(new Command('server'), 50063)
  .description('A camera: it films for as many as watch, until Ctrl-C.')
  .option('--frames <number>', 'how many it films', wholeNumber(1), Infinity)
  .option('--pace-ms <ms>', 'between two frames', wholeNumber(0), 40)
  .option('--readers <number>', 'it films from when so many watch until nobody does', wholeNumber(1), 1)
  .option('--max-waiting <frames>', 'that may wait for a reader who wants all', wholeNumber(1), 1000);

await runServer(program, () => {
  const options = program.opts<{ frames: number; paceMs: number; readers: number; maxWaiting: number }>();
  const { frames, paceMs, readers, maxWaiting } = options;
  const frame$ = new Subject<Frame>();
  let filmed = 0;
  let filming = Subscription.EMPTY;
  const film$ = interval(paceMs).pipe(
    take(frames),
    map(() => ({ number: ++filmed, picture: new Uint8Array(32 * 1024).fill(filmed) })),
  );
  const onReaders = (watching: number) => {
    if (watching === 0) filming.unsubscribe();
    else if (watching >= readers && filming.closed) filming = film$.subscribe(frame$);
  };
  return implement(Camera, { watch: watch(frame$, maxWaiting, onReaders) });
});
