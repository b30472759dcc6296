import { deepEqual } from 'node:assert/strict';
import { pull } from 'rx-grpc';
import { BehaviorSubject, EMPTY, lastValueFrom, map, type Observable, takeWhile, tap, toArray } from 'rxjs';
import type { Clients } from '../clients.ts';
import { REQUEST_SIZES, RESPONSE_SIZES, type StreamingOutputCallResponse, zeros } from '../messages.ts';

export async function clientStreaming({ test }: Clients): Promise<void> {
  const request$ = pull(REQUEST_SIZES).pipe(map(size => ({ payload: zeros(size) })));
  const { aggregatedPayloadSize } = await lastValueFrom(test.streamingInputCall(request$));
  deepEqual(aggregatedPayloadSize, 74_922);
}

export async function serverStreaming({ test }: Clients): Promise<void> {
  const responseParameters = RESPONSE_SIZES.map(size => ({ size }));
  deepEqual(await sizesOf(test.streamingOutputCall({ responseParameters })), RESPONSE_SIZES);
}

/** The next request is made of the response before it. */
export async function pingPong({ test }: Clients): Promise<void> {
  const turn$ = new BehaviorSubject(0);
  const request$ = turn$.pipe(
    takeWhile(turn => turn < REQUEST_SIZES.length),
    map(turn => ({
      responseParameters: [{ size: RESPONSE_SIZES[turn]! }],
      payload: zeros(REQUEST_SIZES[turn]!),
    })),
  );
  const response$ = test.fullDuplexCall(request$).pipe(tap(() => turn$.next(turn$.value + 1)));
  deepEqual(await sizesOf(response$), RESPONSE_SIZES);
}

export async function emptyStream({ test }: Clients): Promise<void> {
  deepEqual(await sizesOf(test.fullDuplexCall(EMPTY)), []);
}

function sizesOf(response$: Observable<StreamingOutputCallResponse>): Promise<(number | undefined)[]> {
  return lastValueFrom(
    response$.pipe(
      map(({ payload }) => payload?.body.length),
      toArray(),
    ),
  );
}
