import { setTimeout as sleep } from 'node:timers/promises';
import { of } from 'rxjs';
import { open } from '../requests.ts';
import { type Scenario, scenario, tally } from '../scenario.ts';

const CALLS = 2_000;
const AT_ONCE = 300;

/** What is of the connection and not of a call. */
export const connections: readonly Scenario[] = [
  scenario(`${CALLS} calls, one after another, on a connection`, async stand => {
    const client = stand.connect();
    const ends: string[] = [];
    for (let i = 0; i < CALLS; i++) ends.push(await stand.call({ act: 'upload' }, of({}), { client }).ends());
    return tally(ends);
  }),
  scenario(`${AT_ONCE} calls at once on a connection`, async stand => {
    const client = stand.connect();
    const calls = Array.from({ length: AT_ONCE }, () => stand.call({ act: 'silent' }, open(1), { client }));
    const begun = await Promise.all(calls.map(call => call.has(1, 2_000)));
    const run = begun.filter(Boolean).length;
    const peers = stand.backend.peers.size;
    return `${run} run, ${peers} ${peers === 1 ? 'connection' : 'connections'} to the backend`;
  }),
  scenario('a call beside 20 silent ones of its connection', async stand => {
    const client = stand.connect();
    await stand.call({ act: 'echo' }, of({}), { client }).ends();
    const calls = Array.from({ length: 20 }, () => stand.call({ act: 'silent' }, open(1), { client }));
    await Promise.all(calls.map(call => call.has(1)));
    return await stand.call({ act: 'echo' }, of({}), { client }).ends();
  }),
  scenario('40 pings of the client in 2 s', async stand => {
    const client = stand.connect([], { 'grpc.keepalive_time_ms': 50, 'grpc.keepalive_timeout_ms': 2_000 });
    return await stand.call({ act: 'silent' }, open(1), { client }).ends(2_000);
  }),
  scenario('pings while the backend is frozen', async stand => {
    const client = stand.connect([], { 'grpc.keepalive_time_ms': 500, 'grpc.keepalive_timeout_ms': 1_000 });
    const call = stand.call({ act: 'silent' }, open(1), { client });
    await call.has(1);
    stand.backend.signal('SIGSTOP');
    const end = await call.ends(4_000);
    stand.backend.signal('SIGCONT');
    return end;
  }),
  scenario('reload: a stream that runs', async stand => {
    const client = stand.connect();
    const call = stand.call({ act: 'silent' }, open(1), { client });
    await call.has(1);
    await stand.reload();
    return await call.ends(3_000);
  }),
  scenario('reload: 500 calls meanwhile', async stand => {
    const client = stand.connect();
    const ends: string[] = [];
    for (let i = 0; i < 500; i++) {
      if (i === 100) void stand.reload();
      if (i >= 100 && i % 10 === 0) await sleep(10); // the proxy takes its time
      ends.push(await stand.call({ act: 'upload' }, of({}), { client }).ends());
    }
    return tally(ends);
  }),
];
