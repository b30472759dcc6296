import type { ClientOf } from 'rx-grpc';
import { BehaviorSubject, defer, map, type Observable, takeWhile, tap } from 'rxjs';
import type { Stream } from '../gen/conversations.ts';

/**
 * Ping-pong: asks, and asks again only when it was answered. The loop is a Subject that stands before the call and is fed
 * behind it. A Subject cannot be told to wait, and need not be: there is never more than the one question that waits for its
 * answer. When it has been answered often enough, `takeWhile` completes the requests, and the server completes the call.
 */
export function questions(stream: ClientOf<typeof Stream>, times: number): Observable<string> {
  return defer(() => {
    const turn$ = new BehaviorSubject(0);
    return turn$.pipe(
      takeWhile(turn => turn < times),
      map(turn => ({ question: `stream client rpc ${turn}` })),
      stream.conversations,
      map(({ answer }) => answer),
      tap(() => turn$.next(turn$.value + 1)),
    );
  });
}
