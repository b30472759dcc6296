import { connect, implement, type Method, pull, type Service, serve, toAsyncIterable } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { identity, lastValueFrom, map, type Observable, type OperatorFunction } from 'rxjs';
import type { Cell } from '../cells.ts';
import type { Contender } from '../contender.ts';
import { Bench } from '../gen/messages.ts';
import type { Line, Parcel } from '../line.ts';

const ADDRESS = 'http://127.0.0.1:0';

export const contender: Contender = {
  async serve(line) {
    const { port } = await serve(
      ADDRESS,
      implement(Bench, {
        download: () => produced(line),
        upload: request$ => read(request$, line),
        echo: request$ => request$.pipe(mapped(line.cell), turned(line)),
      }),
    );
    return port;
  },

  async relay(line, port) {
    const far = connect(observed(Bench, line), `http://127.0.0.1:${port}`);
    return (await serve(ADDRESS, implement(observed(Bench, line), far))).port;
  },

  async call(line, port) {
    const bench = connect(Bench, `http://127.0.0.1:${port}`);
    if (line.cell.direction === 'download') await read(bench.download({}), line);
    else if (line.cell.direction === 'upload') await lastValueFrom(bench.upload(produced(line)));
    else await read(bench.echo(produced(line)), line);
  },
};

const produced = (line: Line): Observable<Parcel> => pull(() => line.produce()).pipe(mapped(line.cell));

async function read(parcel$: Observable<Parcel>, line: Line): Promise<object> {
  if (line.cell.pipeline === 'concatMap') {
    await lastValueFrom(parcel$.pipe(concatMap(parcel => line.take(parcel))), { defaultValue: undefined });
  } else {
    for await (const parcel of toAsyncIterable(parcel$.pipe(mapped(line.cell)))) await line.take(parcel);
  }
  return {};
}

const mapped = ({ pipeline }: Cell): OperatorFunction<Parcel, Parcel> =>
  pipeline === 'map' ? map(parcel => ({ ...parcel })) : identity;

function turned(line: Line): OperatorFunction<Parcel, Parcel> {
  if (line.cell.pipeline === 'concatMap') return concatMap(parcel => line.turn(parcel));
  return map(parcel => {
    line.pass('turned');
    return parcel;
  });
}

/** The service, and the line is told of each message as it is delivered: a proxy has no other place to count. */
function observed(service: Service, line: Line): Service {
  const observe = ([name, method]: [string, Method]): [string, Method] => [
    name,
    {
      ...method,
      requestDeserialize: bytes => {
        line.pass('forth');
        return method.requestDeserialize(bytes);
      },
      responseDeserialize: bytes => {
        line.pass('back');
        return method.responseDeserialize(bytes);
      },
    },
  ];
  return Object.fromEntries(Object.entries(service).map(observe));
}
