import { deepEqual } from 'node:assert/strict';
import { Code, isRpcError, type RpcError } from 'rx-grpc';
import { lastValueFrom, type Observable, of } from 'rxjs';
import type { Clients } from '../clients.ts';
import { SPECIAL_STATUS, STATUS } from '../messages.ts';

export async function statusCodeAndMessage({ test }: Clients): Promise<void> {
  const request = { responseStatus: STATUS };
  deepEqual(await statusOf(test.unaryCall(request)), STATUS);
  deepEqual(await statusOf(test.fullDuplexCall(of(request))), STATUS);
}

export async function specialStatusMessage({ test }: Clients): Promise<void> {
  deepEqual(await statusOf(test.unaryCall({ responseStatus: SPECIAL_STATUS })), SPECIAL_STATUS);
}

export async function unimplementedMethod({ test }: Clients): Promise<void> {
  deepEqual((await statusOf(test.unimplementedCall({}))).code, Code.UNIMPLEMENTED);
}

export async function unimplementedService({ unimplemented }: Clients): Promise<void> {
  deepEqual((await statusOf(unimplemented.unimplementedCall({}))).code, Code.UNIMPLEMENTED);
}

/** How a call ends that must not end well; its responses are of no interest. */
export async function statusOf(response$: Observable<unknown>): Promise<{ code: Code; message: string }> {
  try {
    await lastValueFrom(response$, { defaultValue: undefined });
  } catch (error) {
    if (!isRpcError(error)) throw error;
    const { code, details } = error as RpcError;
    return { code, message: details };
  }
  throw new Error('the call ended with OK');
}
