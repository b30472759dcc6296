import { type ClientOf, connect } from 'rx-grpc';
import { ignoreElements, lastValueFrom, type Observable, takeUntil, tap } from 'rxjs';
import { aborted$ } from './aborted.ts';
import { connectionOf } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { explain } from './explain.ts';

/** What a client does with its server, as the lines to print. */
export type Talk<S> = (client: ClientOf<S>) => Observable<string>;

/** Connects, prints what is talked, and gives the exit code; Ctrl-C unsubscribes, and with it cancels what is under way. */
export async function printLines<S extends Readonly<Record<string, any>>>(
  service: S,
  target: string,
  talk: Talk<S>,
  signal: AbortSignal,
): Promise<number> {
  using client = connect(service, target);
  const connection = connectionOf(client);
  const printed$ = talk(client).pipe(
    tap(line => console.log(line)),
    ignoreElements(),
    takeUntil(aborted$(signal)),
  );
  try {
    await lastValueFrom(printed$, { defaultValue: undefined });
  } catch (error) {
    console.error(explain(error, target, await connection()));
    return exitCode.failed;
  }
  if (!signal.aborted) return exitCode.ok;
  console.error('interrupted');
  return exitCode.interrupted;
}
