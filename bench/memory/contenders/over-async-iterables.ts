import type { Contender } from '../contender.ts';
import type { Line, Parcel } from '../line.ts';

type Parcels = AsyncIterable<Parcel>;

export interface Bench {
  download(request: object): Parcels;
  upload(requests: Parcels): Promise<object>;
  echo(requests: Parcels): Parcels;
}

/** What a library of async iterables has to bring. */
export interface Library {
  /** Serves at a free port. */
  listen(bench: Bench): Promise<number>;
  clientOf(port: number): Bench;
}

export const overAsyncIterables = ({ listen, clientOf }: Library): Contender => ({
  serve: line =>
    listen({
      download: () => produce(line),
      upload: requests => read(requests, line),
      async *echo(requests) {
        for await (const parcel of requests) yield await line.turn(parcel);
      },
    }),

  relay(line, port) {
    const far = clientOf(port);
    return listen({
      download: request => observe(far.download(request), line, 'back'),
      upload: requests => far.upload(observe(requests, line, 'forth')),
      echo: requests => observe(far.echo(observe(requests, line, 'forth')), line, 'back'),
    });
  },

  async call(line, port) {
    const client = clientOf(port);
    const { direction } = line.cell;
    if (direction === 'download') await read(client.download({}), line);
    else if (direction === 'upload') await client.upload(produce(line));
    else await read(client.echo(produce(line)), line);
  },
});

async function* produce(line: Line): Parcels {
  yield* line.produce();
}

async function read(parcels: Parcels, line: Line): Promise<object> {
  for await (const parcel of parcels) await line.take(parcel);
  return {};
}

async function* observe(parcels: Parcels, line: Line, point: 'forth' | 'back'): Parcels {
  for await (const parcel of parcels) {
    line.pass(point);
    yield parcel;
  }
}
