import {
  Code,
  close,
  connect,
  implement,
  inspect,
  load,
  pull,
  RpcError,
  type Server,
  type ServerCall,
  serve,
} from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { EMPTY, finalize, lastValueFrom, map, type Observable, tap, toArray } from 'rxjs';
import type { Ledger } from './ledger.ts';

export interface Note {
  readonly n: number;
  readonly count: number;
  readonly fails: boolean;
  readonly payload: Uint8Array;
}

/** A server that can be restarted on its port, and a client of it. */
export interface Service {
  readonly client: any;
  /** Milliseconds since the epoch until which a call may meet a server that stops, or a channel that has not come back. */
  readonly unsteadyUntil: number;
  restart(graceMs: number): Promise<void>;
  /** When no call runs on either side; counts what does not agree. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(ledger: Ledger): Promise<Service> {
  const { Soak } = await load(new URL('soak.proto', import.meta.url).pathname);
  const bound = implement(Soak, handlers(ledger));
  const listen = (port: number) =>
    serve(`http://127.0.0.1:${port}`, bound, { onError: error => ledger.fail(`an internal error: ${error}`) });
  let server: Server = await listen(0);
  let unsteadyUntil = 0;
  const client = connect(Soak, server.target, {
    channelOptions: { 'grpc.initial_reconnect_backoff_ms': 20, 'grpc.max_reconnect_backoff_ms': 50 },
  });
  return {
    client,
    get unsteadyUntil() {
      return unsteadyUntil;
    },
    async restart(graceMs) {
      unsteadyUntil = Number.POSITIVE_INFINITY;
      ledger.count('server: restarts');
      const { cut } = await server.shutdown({ graceMs });
      ledger.count('server: calls cut by a restart', cut.length);
      server = await listen(server.port);
      // Each kind of call has a channel of its own, which fails calls until it has come back.
      const waitForReady = { waitForReady: true };
      await lastValueFrom(client.unary({}, waitForReady));
      await lastValueFrom(client.bidi(EMPTY, waitForReady), { defaultValue: undefined });
      unsteadyUntil = Date.now();
    },
    async settled() {
      const live = () => inspect(client).calls.length + inspect(server).calls.length;
      for (let turn = 0; live() > 0 && turn < 100_000; turn++) await new Promise(setImmediate);
      if (live() > 0) ledger.fail(`${live()} calls are left though nobody makes any`);
      const started = ledger.of('server: calls');
      const ended = ledger.of('server: handlers ended');
      if (started !== ended) ledger.fail(`${started} handlers were started, and ${ended} ended`);
    },
    async stop() {
      close(client);
      await server.shutdown({ graceMs: 1000 });
    },
  };
}

function handlers(ledger: Ledger) {
  /** Counts a handler's beginning and end, and what its request$ came to. */
  const counted =
    (handler: (note$: Observable<Note>) => Observable<Partial<Note>>) =>
    (note$: Observable<Note>, _call: ServerCall) => {
      ledger.count('server: calls');
      let next = 0;
      const checked$ = note$.pipe(
        tap({
          next: ({ n }) => {
            if (n !== next++) ledger.fail(`request ${n} came as number ${next - 1}`);
          },
          complete: () => ledger.count('server: request$ completed'),
          error: () => ledger.count('server: request$ failed'),
        }),
      );
      return handler(checked$).pipe(finalize(() => ledger.count('server: handlers ended')));
    };
  const notes = (count: number, fails: boolean, payload: Uint8Array) =>
    pull(function* () {
      for (let n = 0; n < count; n++) yield { n, payload };
      if (fails) throw new RpcError(Code.ABORTED, `after ${count}`);
    });
  const answer = (all: readonly Note[]): Partial<Note> => {
    if (all.some(({ fails }) => fails)) throw new RpcError(Code.ABORTED, `after ${all.length}`);
    return { n: all.length };
  };
  return {
    unary: counted(note$ => note$.pipe(map(note => answer([note])))),
    serverStream: counted(note$ => note$.pipe(concatMap(({ count, fails, payload }) => notes(count, fails, payload)))),
    clientStream: counted(note$ => note$.pipe(toArray(), map(answer))),
    bidi: counted(note$ =>
      note$.pipe(
        map(note => {
          if (note.fails) throw new RpcError(Code.ABORTED, `after ${note.n}`);
          return note;
        }),
      ),
    ),
  };
}
