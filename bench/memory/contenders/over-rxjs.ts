import {
  concatMap,
  endWith,
  from,
  identity,
  ignoreElements,
  lastValueFrom,
  type MonoTypeOperatorFunction,
  map,
  type Observable,
  tap,
} from 'rxjs';
import type { Contender } from '../contender.ts';
import type { Line, Parcel } from '../line.ts';

type Parcels = Observable<Parcel>;

export interface Bench {
  download(request: object): Parcels;
  upload(request$: Parcels): Observable<object>;
  echo(request$: Parcels): Parcels;
}

/** What a library of plain Observables has to bring. */
export interface Library {
  /** Serves at a free port. */
  listen(bench: Bench): Promise<number>;
  clientOf(port: number): Bench;
}

/** An Observable cannot be read one at a time: so every reader, and every echo that works, is a concatMap. */
export const overRxjs = ({ listen, clientOf }: Library): Contender => ({
  serve: line =>
    listen({
      download: () => produced(line),
      upload: request$ => read(request$, line).pipe(endWith({})),
      echo: request$ => request$.pipe(mapped(line), turned(line)),
    }),

  relay(line, port) {
    const far = clientOf(port);
    const observed = (point: 'forth' | 'back') => tap<Parcel>(() => line.pass(point));
    return listen({
      download: request => far.download(request).pipe(observed('back')),
      upload: request$ => far.upload(request$.pipe(observed('forth'))),
      echo: request$ => far.echo(request$.pipe(observed('forth'))).pipe(observed('back')),
    });
  },

  async call(line, port) {
    const client = clientOf(port);
    const { direction } = line.cell;
    const end = { defaultValue: undefined };
    if (direction === 'download') await lastValueFrom(read(client.download({}), line), end);
    else if (direction === 'upload') await lastValueFrom(client.upload(produced(line)), end);
    else await lastValueFrom(read(client.echo(produced(line)), line), end);
  },
});

const produced = (line: Line): Parcels => from(line.produce()).pipe(mapped(line));

const mapped = (line: Line): MonoTypeOperatorFunction<Parcel> =>
  line.cell.pipeline === 'map' ? map(parcel => ({ ...parcel })) : identity;

const turned = (line: Line): MonoTypeOperatorFunction<Parcel> =>
  line.cell.pipeline === 'concatMap' ? concatMap(parcel => line.turn(parcel)) : tap(() => line.pass('turned'));

const read = (parcel$: Parcels, line: Line): Observable<never> =>
  parcel$.pipe(
    mapped(line),
    concatMap(parcel => line.take(parcel)),
    ignoreElements(),
  );
