import type { Contender } from '../contender.ts';
import { Check, checkTally, type Order, type Parcel, parcels } from '../parcels.ts';

type Parcels = AsyncIterable<Parcel>;

export interface Bench {
  unary(parcel: Parcel): Promise<Parcel>;
  serverStream(order: Order): Parcels;
  clientStream(requests: Parcels): Promise<{ readonly count: number }>;
  bidi(requests: Parcels): Parcels;
}

/** What a library of async iterables has to bring. */
export interface Library {
  /** Serves at a free port. */
  listen(bench: Bench): Promise<number>;
  clientOf(port: number): Bench;
}

export const overAsyncIterables = ({ listen, clientOf }: Library): Contender => ({
  serve: () =>
    listen({
      unary: async parcel => parcel,
      serverStream: produce,
      async clientStream(requests) {
        const check = new Check();
        for await (const parcel of requests) check.take(parcel);
        return { count: check.count };
      },
      bidi: echo,
    }),

  async connect(port) {
    const client = clientOf(port);
    return {
      unary: async parcel => void (await client.unary(parcel)),
      serverStream: order => read(client.serverStream(order), order.count),
      clientStream: async order => checkTally(await client.clientStream(produce(order)), order.count),
      bidi: order => read(client.bidi(produce(order)), order.count),
      async pingPong(order, isBack) {
        let goOn = () => {};
        async function* requests(): Parcels {
          for (const parcel of parcels(order)) {
            const isBack = new Promise<void>(resolve => {
              goOn = resolve;
            });
            yield parcel;
            await isBack;
          }
        }
        const check = new Check();
        for await (const parcel of client.bidi(requests())) {
          isBack();
          check.take(parcel);
          goOn();
        }
        check.end(order.count);
      },
    };
  },
});

async function* produce(order: Order): Parcels {
  yield* parcels(order);
}

async function* echo(requests: Parcels): Parcels {
  for await (const parcel of requests) yield parcel;
}

async function read(responses: Parcels, count: number): Promise<void> {
  const check = new Check();
  for await (const parcel of responses) check.take(parcel);
  check.end(count);
}
