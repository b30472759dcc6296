import { codeName } from 'rx-grpc';
import { of } from 'rxjs';
import { drip, Flood, open, settled } from '../requests.ts';
import { type Scenario, scenario, timeouts } from '../scenario.ts';
import type { Stand } from '../stand.ts';

const TURNS = 10;

/** How a stream runs: turn by turn, silent, and into a reader that does not read. */
export const streams: readonly Scenario[] = [
  scenario('responses, one for each request', async stand => {
    const call = stand.call({ act: 'echo' }, open(TURNS));
    return (await call.has(TURNS)) ? 'each at once' : `${call.received} of ${TURNS}`;
  }),
  scenario('headers before the first response', stand => headersCome(stand)),
  scenario('half-close before the response', async stand => {
    const call = stand.call({ act: 'upload' }, of({}, {}, {}));
    const end = await call.ends();
    return end === 'OK' && (await call.backend())?.completed ? 'seen' : end;
  }),
  scenario('deadline', async stand => {
    const call = stand.call({ act: 'silent' }, open(1), { timeoutMs: 700 });
    const record = await stand.backend.begun(call.number, 2_000).then(() => stand.backend.recordOf(call.number));
    const [end, seen] = [await call.ends(), await call.backend()];
    return `${end}, backend: ${seen === undefined ? 'runs on' : codeName(seen.code)}${record?.hasDeadline ? '' : ', deadline not told'}`;
  }),
  scenario('ahead of a client that does not read', async stand => {
    const call = stand.call({ act: 'download', messages: Flood.MAX, bytes: 1024 }, of({}), { reads: 1 });
    const sent = await settled(async () => (await stand.backend.now(call.number))?.sent ?? 0);
    return `${sent} KiB`;
  }),
  scenario('ahead of a backend that does not read', async stand => {
    const flood = new Flood();
    stand.call({ act: 'stall' }, flood.request$);
    return `${await settled(() => flood.asked)} KiB`;
  }),
  scenario('silence of both past 1 s', stand => silent(stand, 'silent', open(1)), timeouts(1)),
  scenario('silence of the backend past 1 s, half-closed', stand => silent(stand, 'silent', of({})), timeouts(1)),
  scenario('silence before the headers past 1 s', stand => silent(stand, 'mute', of({})), timeouts(1)),
  scenario(
    'upload for 4 s, no response',
    async stand => {
      const call = stand.call({ act: 'upload' }, drip(12, 333));
      return await call.ends(6_000);
    },
    timeouts(1),
  ),
  scenario(
    'download for 4 s, requests open',
    async stand => {
      const call = stand.call({ act: 'drip', messages: 12 }, open(1));
      return `${await call.ends(6_000)}, ${call.received} of 12`;
    },
    timeouts(1),
  ),
];

async function headersCome(stand: Stand): Promise<string> {
  return await new Promise(resolve => {
    const timer = setTimeout(resolve, 2_000, 'held back');
    stand.call({ act: 'headers' }, open(1), {
      onHeaders: () => {
        clearTimeout(timer);
        resolve('at once');
      },
    });
  });
}

async function silent(stand: Stand, act: 'silent' | 'mute', request$: Parameters<Stand['call']>[1]): Promise<string> {
  const call = stand.call({ act }, request$);
  const end = await call.ends(4_000);
  const seen = await call.backend(1_500);
  if (end === 'runs on') return end;
  return `${end}, backend: ${seen === undefined ? 'runs on' : codeName(seen.code)}`;
}
