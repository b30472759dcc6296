import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOf, Code, close, codeName, connect, isRpcError, pull } from 'rx-grpc';
import { concat, lastValueFrom, NEVER, of } from 'rxjs';
import { type Services, zeros } from '../messages.ts';

const MESSAGE_BYTES = 1024;
/** After so long without a further message none will come; a virtual machine takes its time for the first. */
const SETTLED_MS = 4_000;
export const UPLOADS = 50;
const MESSAGES = 5;
/** What a server needs to read so many. */
const READ_MS = 100;
/** What it needs to tell of the last. */
const QUIET_MS = 1_000;

type Service = Services['TestService'];

/** How many messages of 1 KiB our client takes from its source for a server that does not read. */
export async function runAhead(service: Service, target: string): Promise<number> {
  const test: ClientOf<Service> = connect(service, target);
  let asked = 0;
  const request$ = pull(function* () {
    for (;;) {
      asked++;
      yield { payload: zeros(MESSAGE_BYTES) };
    }
  });
  const calling = test.fullDuplexCall(request$).subscribe({ error: () => {} });
  let before: number;
  do {
    before = asked;
    await sleep(SETTLED_MS);
  } while (asked === 0 || asked > before);
  calling.unsubscribe();
  close(test);
  return asked;
}

/**
 * Cancels uploads one after another, each when the server has had time to read its few messages: `isAdjusted` as rx-grpc does it,
 * else as grpc-js does.
 */
export async function cancelUploads(service: Service, target: string, isAdjusted: boolean): Promise<void> {
  const test: ClientOf<Service> = connect(service, target, {
    channelOptions: { 'rx-grpc.adjusted': isAdjusted ? 1 : 0 },
  });
  const request$ = concat(pull(new Array(MESSAGES).fill({ payload: zeros(MESSAGE_BYTES) })), NEVER);
  for (let i = 0; i < UPLOADS; i++) {
    const calling = test.streamingInputCall(request$).subscribe({ error: () => {} });
    await sleep(READ_MS);
    calling.unsubscribe();
  }
  await sleep(QUIET_MS);
  close(test);
}

/** How a call ends whose requests are compressed with gzip. */
export async function gzip(service: Service, target: string): Promise<string> {
  const test: ClientOf<Service> = connect(service, target, { compression: 'gzip' });
  try {
    await lastValueFrom(test.streamingInputCall(of({ payload: zeros(MESSAGE_BYTES) })));
    return codeName(Code.OK);
  } catch (error) {
    if (!isRpcError(error)) throw error;
    return codeName(error.code);
  } finally {
    close(test);
  }
}
