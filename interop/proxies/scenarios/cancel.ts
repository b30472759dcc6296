import { codeName } from 'rx-grpc';
import { of } from 'rxjs';
import type { CommandLine } from '../../processes.ts';
import { Flood, open, settled } from '../requests.ts';
import { plainBackend, rxBackend, type Scenario, scenario, tally, timeouts } from '../scenario.ts';
import { type Call, PATIENCE_MS, type Stand } from '../stand.ts';

const UPLOADS = 30;
/** Longer than the timeouts of the scenarios that shorten them. */
const CANCEL_MS = 6_000;

/** What a client's cancellation becomes for the backend. */
export function cancellations(go: CommandLine | undefined): Scenario[] {
  return [
    scenario('upload cancelled, rx-grpc backend', uploadCancelled, { backend: rxBackend }),
    scenario('upload cancelled, grpc-js backend', uploadCancelled, { backend: plainBackend }),
    ...(go === undefined ? [] : [scenario('upload cancelled, grpc-go backend', uploadCancelled, { backend: go })]),
    scenario('cancelled before the backend answers', async stand => {
      const call = stand.call({ act: 'mute' }, of({}));
      await stand.backend.begun(call.number, PATIENCE_MS);
      return await cancelHeard(call);
    }),
    scenario('cancelled while the backend is silent after a response', whileSilent),
    scenario('the same, silent, with timeouts of 3 s', whileSilent, timeouts(3)),
    scenario('cancelled while the client does not read', async stand => {
      const call = stand.call({ act: 'download', messages: Flood.MAX, bytes: 1024 }, of({}), { reads: 1 });
      await settled(async () => (await stand.backend.now(call.number))?.sent ?? 0);
      return await cancelHeard(call);
    }),
    scenario('cancelled while the backend does not read', whileStalled),
    scenario('the same, not reading, with timeouts of 3 s', whileStalled, timeouts(3)),
  ];
}

async function whileSilent(stand: Stand): Promise<string> {
  const call = stand.call({ act: 'silent' }, of({}));
  await call.has(1);
  return await cancelHeard(call);
}

async function whileStalled(stand: Stand): Promise<string> {
  const flood = new Flood();
  const call = stand.call({ act: 'stall' }, flood.request$);
  await settled(() => flood.asked);
  return await cancelHeard(call);
}

/** Each upload is idle when it is cancelled: all its requests are answered. */
async function uploadCancelled(stand: Stand): Promise<string> {
  const seen: string[] = [];
  const client = stand.connect();
  for (let i = 0; i < UPLOADS; i++) {
    const count = 1 + (i % 5);
    const call = stand.call({ act: 'echo', shape: 'exchange' }, open(count), { client });
    if (!(await call.has(count))) return `no answer (${await call.ends(0)})`;
    call.cancel();
    const record = await call.backend();
    seen.push(record === undefined ? 'not passed on' : record.completed ? 'complete' : 'cancelled');
  }
  return tally(seen);
}

async function cancelHeard(call: Call): Promise<string> {
  call.cancel();
  const record = await call.backend(CANCEL_MS);
  return record === undefined ? 'not passed on' : codeName(record.code);
}
