import type { Plan } from './plan.ts';

export interface Scenario {
  readonly name: string;
  readonly shape: Plan['shape'];
  /** How one of its calls goes; the call's number and port are added. */
  plan(random: Random): CallPlan;
}

export type CallPlan = Omit<Plan, 'call' | 'port'>;

/** A whole number from `from` to `to`. */
export type Random = (from: number, to: number) => number;

/** A sequence of random numbers that is the same for the same seed: mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return (from, to) => from + Math.floor(next() * (to - from + 1));
}

const SIZES = [8, 8, 500, 8_000];

function undisturbed(shape: Plan['shape'], random: Random): CallPlan {
  return {
    shape,
    messages: random(1, 300),
    bytes: SIZES[random(0, SIZES.length - 1)]!,
    staysOpen: false,
    cancelAfterMs: 0,
    timeoutMs: 0,
    sourceFailsAfter: 0,
    serverFailsAfter: 0,
    serverEndsAfter: 0,
    producerRestsEvery: random(1, 60),
    producerRestMs: random(0, 4),
    readerRestsEvery: random(1, 60),
    readerRestMs: random(0, 4),
  };
}

/**
 * Some time from the start to when the call would have ended by itself; a third of the calls do not. That many at a time take
 * several times as long as one alone.
 */
function cutAt(plan: CallPlan, random: Random): { staysOpen: boolean; ms: number } {
  const { messages, producerRestsEvery, producerRestMs, readerRestsEvery, readerRestMs } = plan;
  const producing = (messages / producerRestsEvery) * (producerRestMs + 0.5);
  const reading = (messages / readerRestsEvery) * (readerRestMs + 0.5);
  return { staysOpen: random(0, 2) === 0, ms: random(1, 10 + Math.ceil(5 * Math.max(producing, reading))) };
}

function scenario(shape: Plan['shape'], event: string, disturb: (plan: CallPlan, random: Random) => Partial<CallPlan>) {
  return {
    name: `${shape}: ${event}`,
    shape,
    plan: (random: Random) => {
      const plan = undisturbed(shape, random);
      return { ...plan, ...disturb(plan, random) };
    },
  };
}

const ofShape = (shape: Plan['shape']): readonly Scenario[] => [
  scenario(shape, 'undisturbed', () => ({})),
  scenario(shape, 'cancel', (plan, random) => {
    const { staysOpen, ms } = cutAt(plan, random);
    return { staysOpen, cancelAfterMs: ms };
  }),
  scenario(shape, 'deadline', (plan, random) => {
    const { staysOpen, ms } = cutAt(plan, random);
    return { staysOpen, timeoutMs: ms };
  }),
  scenario(shape, 'error of the server', ({ messages }, random) => ({ serverFailsAfter: random(1, messages) })),
];

const sourceFails = (shape: Plan['shape']): Scenario =>
  scenario(shape, 'error of the source', ({ messages }, random) => ({ sourceFailsAfter: random(1, messages) }));

export const scenarios: readonly Scenario[] = [
  ...ofShape('upload'),
  sourceFails('upload'),
  ...ofShape('download'),
  ...ofShape('exchange'),
  sourceFails('exchange'),
  scenario('exchange', 'early end of the server', ({ messages }, random) => ({ serverEndsAfter: random(1, messages) })),
];

/** A call that does not end, for one of whose processes to be killed. */
export function endless(shape: Plan['shape'], random: Random): CallPlan {
  return { ...undisturbed(shape, random), messages: 1_000_000_000, producerRestMs: random(1, 4) };
}
