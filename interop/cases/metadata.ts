import { deepEqual } from 'node:assert/strict';
import { withCall } from 'rx-grpc';
import { forkJoin, lastValueFrom, of, toArray } from 'rxjs';
import type { Clients } from '../clients.ts';
import { ECHO_INITIAL, ECHO_TRAILING, LARGE_REQUEST, LARGE_RESPONSE, zeros } from '../messages.ts';

const initial = 'test_initial_metadata_value';
const trailing = Buffer.from([0xab, 0xab, 0xab]);
const options = { metadata: { [ECHO_INITIAL]: initial, [ECHO_TRAILING]: trailing } };

export async function customMetadata({ test }: Clients): Promise<void> {
  const payload = zeros(LARGE_REQUEST);
  await isEchoed(withCall(test.unaryCall, { responseSize: LARGE_RESPONSE, payload }, options));
  const request = { responseParameters: [{ size: LARGE_RESPONSE }], payload };
  await isEchoed(withCall(test.fullDuplexCall, of(request), options));
}

async function isEchoed({ response$, headers$, trailers$ }: ReturnType<typeof withCall<any, any>>): Promise<void> {
  const told = forkJoin([response$.pipe(toArray()), headers$, trailers$]);
  const [responses, headers, trailers] = await lastValueFrom(told);
  deepEqual(
    responses.map(({ payload }) => payload.body.length),
    [LARGE_RESPONSE],
  );
  deepEqual(headers.get(ECHO_INITIAL), [initial]);
  deepEqual(trailers.get(ECHO_TRAILING), [trailing]);
}
