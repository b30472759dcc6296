import { lastValueFrom, map, type Observable, reduce, Subject, tap } from 'rxjs';
import type { Contender } from '../contender.ts';
import { Check, checkTally, type Order, type Parcel, parcels } from '../parcels.ts';

type Parcels = Observable<Parcel>;

export interface Bench {
  serverStream(order: Order): Parcels;
  clientStream(request$: Parcels): Observable<{ readonly count: number }>;
  bidi(request$: Parcels): Parcels;
}

export interface BenchClient extends Bench {
  unary(parcel: Parcel): Parcels;
}

/** What a library of Observables has to bring. */
export interface Library {
  /** Serves at a free port; a unary call answers with its request. */
  listen(bench: Bench): Promise<number>;
  clientOf(port: number, hasOwnConnection?: boolean): BenchClient | Promise<BenchClient>;
  /** The best source that it has for an iterable. */
  from(iterable: Iterable<Parcel>): Parcels;
}

export const overRxjs = ({ listen, clientOf, from }: Library): Contender => ({
  serve: () =>
    listen({
      serverStream: order => from(parcels(order)),
      clientStream: request$ => read(request$).pipe(map(({ count }) => ({ count }))),
      bidi: request$ => request$,
    }),

  async connect(port, hasOwnConnection) {
    const client = await clientOf(port, hasOwnConnection);
    const readAll = async (response$: Parcels, count: number) => (await lastValueFrom(read(response$))).end(count);
    return {
      unary: async parcel => void (await lastValueFrom(client.unary(parcel))),
      serverStream: order => readAll(client.serverStream(order), order.count),
      clientStream: async order =>
        checkTally(await lastValueFrom(client.clientStream(from(parcels(order)))), order.count),
      bidi: order => readAll(client.bidi(from(parcels(order))), order.count),
      pingPong(order, isBack) {
        const request$ = new Subject<Parcel>();
        const source = parcels(order);
        const send = () => {
          const { done, value } = source.next();
          if (done) request$.complete();
          else request$.next(value);
        };
        const response$ = client.bidi(request$).pipe(
          tap(() => {
            isBack();
            send();
          }),
        );
        const end = readAll(response$, order.count);
        send();
        return end;
      },
    };
  },
});

function read(parcel$: Parcels): Observable<Check> {
  return parcel$.pipe(
    reduce((check, parcel) => {
      check.take(parcel);
      return check;
    }, new Check()),
  );
}
