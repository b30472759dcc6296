import { deepEqual } from 'node:assert/strict';
import { Code } from 'rx-grpc';
import { concat, NEVER, of, tap } from 'rxjs';
import type { Clients } from '../clients.ts';
import { REQUEST_SIZES, RESPONSE_SIZES, zeros } from '../messages.ts';
import { statusOf } from './status.ts';

export async function cancelAfterBegin({ test }: Clients): Promise<void> {
  const cancel = new AbortController();
  const status = statusOf(test.streamingInputCall(NEVER, { signal: cancel.signal }));
  cancel.abort();
  deepEqual((await status).code, Code.CANCELLED);
}

export async function cancelAfterFirstResponse({ test }: Clients): Promise<void> {
  const cancel = new AbortController();
  let received = 0;
  const request = { responseParameters: [{ size: RESPONSE_SIZES[0]! }], payload: zeros(REQUEST_SIZES[0]!) };
  const response$ = test.fullDuplexCall(concat(of(request), NEVER), { signal: cancel.signal }).pipe(
    tap(() => {
      received++;
      cancel.abort();
    }),
  );
  deepEqual((await statusOf(response$)).code, Code.CANCELLED);
  deepEqual(received, 1);
}

export async function timeoutOnSleepingServer({ test }: Clients): Promise<void> {
  const request$ = concat(of({ payload: zeros(REQUEST_SIZES[0]!) }), NEVER);
  deepEqual((await statusOf(test.fullDuplexCall(request$, { timeoutMs: 1 }))).code, Code.DEADLINE_EXCEEDED);
}
