import { setTimeout as sleep } from 'node:timers/promises';
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import type { CommandLine } from '../processes.ts';
import type { Call } from './judge.ts';
import type { Plan } from './plan.ts';
import { Program } from './program.ts';
import { endless, type Random, type Scenario } from './scenarios.ts';

/** A client program of one make and a server program of another. */
export interface Direction {
  readonly name: string;
  readonly client: CommandLine;
  readonly server: CommandLine;
}

const AT_A_TIME = 16;
const CALL_MS = 30_000;
const END_MS = 20_000;
const BEGIN_MS = 30_000;

let lastCall = 0;

/** Runs so many calls of a scenario on one connection. */
export async function runScenario(
  scenario: Scenario,
  client: Program,
  server: Program,
  count: number,
  random: Random,
): Promise<Call[]> {
  const port = await server.port;
  const plans = Array.from({ length: count }, () => ({ ...scenario.plan(random), port, call: ++lastCall }));
  const done$ = from(plans).pipe(
    mergeMap(async plan => {
      client.call(plan);
      await client.allEnded([plan.call], CALL_MS);
    }, AT_A_TIME),
    toArray(),
  );
  await lastValueFrom(done$);
  await server.settled(END_MS);
  for (const program of [client, server]) if (program.failure !== undefined) throw new Error(program.failure);
  return plans.map(plan => seen(plan, client, server));
}

/** Kills one side, so many times, in the middle of two uploads and two downloads each. */
export async function runKills(
  { client: clientProgram, server: serverProgram }: Direction,
  killed: 'client' | 'server',
  times: number,
  random: Random,
): Promise<Call[]> {
  const calls: Call[] = [];
  const survivor = new Program(killed === 'client' ? serverProgram : clientProgram);
  for (let i = 0; i < times; i++) {
    const victim = new Program(killed === 'client' ? clientProgram : serverProgram);
    const [client, server] = killed === 'client' ? [victim, survivor] : [survivor, victim];
    const port = await server.port;
    const shapes = ['upload', 'upload', 'download', 'download'] as const;
    const plans = shapes.map(shape => ({ ...endless(shape, random), port, call: ++lastCall }));
    for (const plan of plans) client.call(plan);
    const numbers = plans.map(({ call }) => call);
    if (!(await server.allBegun(numbers, BEGIN_MS))) throw new Error(`calls do not begin: ${victim.failure}`);
    await sleep(random(0, 60));
    victim.kill();
    await survivor.allEnded(numbers, END_MS);
    calls.push(...plans.map(plan => ({ ...seen(plan, client, server), killed })));
  }
  survivor.kill();
  return calls;
}

function seen(plan: Plan, client: Program, server: Program): Call {
  const { call } = plan;
  return {
    plan,
    client: client.recordOf(call),
    server: server.recordOf(call),
    hasBegun: server.hasBegun(call),
  };
}
