import { deepEqual } from 'node:assert/strict';
import { lastValueFrom, map, type Observable, toArray } from 'rxjs';
import type { Clients, TestClient } from '../clients.ts';
import { LARGE_REQUEST, LARGE_RESPONSE, zeros } from '../messages.ts';

export async function emptyUnary({ test }: Clients): Promise<void> {
  deepEqual(await lastValueFrom(test.emptyCall({}).pipe(toArray())), [{}]);
}

export async function largeUnary({ test }: Clients): Promise<void> {
  deepEqual(await lastValueFrom(sizeOf(test, LARGE_REQUEST, LARGE_RESPONSE)), LARGE_RESPONSE);
}

/** One call with a request and a response of these sizes; emits the size of what came. */
export function sizeOf(test: TestClient, requestSize: number, responseSize: number): Observable<number | undefined> {
  return test.unaryCall({ responseSize, payload: zeros(requestSize) }).pipe(map(({ payload }) => payload?.body.length));
}
