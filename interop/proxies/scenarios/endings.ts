import { setImmediate as turn } from 'node:timers/promises';
import type { ClientMiddleware } from 'rx-grpc';
import { retry } from 'rx-grpc/middleware';
import { defer, of } from 'rxjs';
import type { Act } from '../plan.ts';
import { Flood, open, settled } from '../requests.ts';
import { plainBackend, type Scenario, scenario } from '../scenario.ts';
import { type Call, PATIENCE_MS, type Stand } from '../stand.ts';

const CALLS = 100;
/** HAProxy tries to connect four times, a second apart, for each attempt of a client. */
const RETRIES_MS = 12_000;

/** A handler that ends early, and a backend that dies. */
export const endings: readonly Scenario[] = [
  scenario('status while the requests are open', stand => early(stand, 'first')),
  scenario('refused while the requests are open', stand => early(stand, 'refuse')),
  scenario('status while the client sends on', async stand => {
    const flood = new Flood();
    const call = stand.call({ act: 'first' }, flood.request$);
    const end = await call.ends();
    await settled(() => flood.asked);
    return `${end}, ${flood.asked} KiB sent`;
  }),
  scenario(`streams left at the backend after ${CALLS} early ends`, streamsLeft),
  scenario('streams left, grpc-js backend', streamsLeft, { backend: plainBackend }),
  scenario('backend killed before its headers', stand => killed(stand, 'mute')),
  scenario('backend killed after a response', stand => killed(stand, 'silent')),
  scenario('backend killed in a download', async stand => {
    const client = stand.connect();
    const call = stand.call({ act: 'download', messages: Flood.MAX, bytes: 1024 }, of({}), { client });
    await call.has(500);
    await stand.backend.kill();
    return await call.ends();
  }),
  scenario('backend killed in an upload', async stand => {
    const flood = new Flood();
    const call = stand.call({ act: 'upload' }, flood.request$);
    while (flood.asked < 500) await turn();
    await stand.backend.kill();
    return await call.ends();
  }),
  scenario('backend not running', async stand => {
    await stand.backend.kill();
    return await withRetry(stand, 'echo', async () => {});
  }),
  scenario('backend running again after a failed call', async stand => {
    const client = stand.connect();
    await stand.backend.kill();
    await stand.call({ act: 'echo' }, of({}), { client }).ends(RETRIES_MS);
    await stand.restart();
    return await stand.call({ act: 'echo' }, of({}), { client }).ends(RETRIES_MS);
  }),
];

async function early(stand: Stand, act: 'first' | 'refuse'): Promise<string> {
  const call = stand.call({ act }, open(1));
  await stand.backend.begun(call.number, PATIENCE_MS);
  return await call.ends();
}

/** The status comes while the requests are open, and so the client resets the call. */
async function streamsLeft(stand: Stand): Promise<string> {
  const client = stand.connect();
  for (let i = 0; i < CALLS; i++) {
    const end = await stand.call({ act: 'first' }, open(1), { client }).ends(i === 0 ? PATIENCE_MS : 1_000);
    if (end !== 'OK') return 'no status';
  }
  return String(CALLS - (await settled(() => stand.backend.closedStreams(), 500)));
}

/** The backend dies before it has answered, or behind its first response. */
async function killed(stand: Stand, act: 'mute' | 'silent'): Promise<string> {
  return await withRetry(stand, act, async call => {
    await (act === 'mute' ? stand.backend.begun(call.number, PATIENCE_MS) : call.has(1));
    await stand.backend.kill();
  });
}

/** What a client with the `retry` of rx-grpc/middleware gets, which may make a second attempt. */
async function withRetry(stand: Stand, act: Act, meanwhile: (call: Call) => Promise<void>): Promise<string> {
  let attempts = 0;
  const counted: ClientMiddleware = rpc => (request$, options) =>
    defer(() => {
      attempts++;
      return rpc(request$, options);
    });
  const client = stand.connect([retry({ maxAttempts: 2, initialBackoffMs: 1 }), counted]);
  const call = stand.call({ act }, of({}), { client });
  await meanwhile(call);
  const end = await call.ends(RETRIES_MS);
  return `${end}${attempts > 1 ? ', retried' : ''}`;
}
