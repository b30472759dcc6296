import { Code, codeName } from 'rx-grpc';
import {
  type EarlyEnd,
  type End,
  type Experiment,
  type LateResponse,
  type LongDeadline,
  MAX_MESSAGES,
  RESPONSES,
} from './experiment.ts';

type Record = LateResponse | LongDeadline | EarlyEnd;

/** What the calls of one kind came to. */
export interface Verdict {
  readonly kind: string;
  readonly calls: number;
  readonly ended: string;
  readonly wrong: number;
}

/** Judges what a client saw in an experiment, one verdict for each kind of call. */
export function judge(experiment: Experiment, records: readonly Record[]): readonly Verdict[] {
  const { kindOf, endOf, noteOf, isWrong } = judges[experiment];
  return [...grouped(records, kindOf)].map(([kind, ofKind]) => ({
    kind,
    calls: ofKind.length,
    ended: [...counted(ofKind.map(endOf)), ...(noteOf === undefined ? [] : [noteOf(ofKind)])].join('; '),
    wrong: ofKind.filter(isWrong).length,
  }));
}

interface Judge<R> {
  kindOf(record: R): string;
  endOf(record: R): string;
  noteOf?(records: readonly R[]): string;
  isWrong(record: R): boolean;
}

/** OK means that all responses have come; nothing but the deadline ends a call otherwise. */
const lateResponse: Judge<LateResponse> = {
  kindOf: ({ shape }) => shape,
  endOf: ({ code, received, shape }) =>
    code === Code.OK && received < RESPONSES[shape] ? `OK of ${received}` : codeName(code),
  isWrong: ({ code, received, shape }) =>
    code === Code.OK ? received !== RESPONSES[shape] : code !== Code.DEADLINE_EXCEEDED,
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What a grpc-timeout of eight digits can say in seconds. */
const MAX_SECONDS_MS = 99_999_999_000;
/** grpcio writes three digits and zeros. */
const COARSE = 0.005;
const ALLOWED_DELAY_MS = 20_000;

/** The handler sees what was asked for, rounded up as its client writes it. */
const longDeadline: Judge<LongDeadline> = {
  kindOf: ({ askedMs }) =>
    askedMs > MAX_SECONDS_MS ? `${Math.ceil(askedMs / HOUR_MS)} hours` : `${askedMs / DAY_MS} days`,
  endOf: ({ code, seenMs }) =>
    `${codeName(code)}, ${seenMs === null ? 'none seen' : `${(seenMs / DAY_MS).toFixed(2)} days seen`}`,
  isWrong: ({ askedMs, code, seenMs }) => {
    if (code !== Code.OK || seenMs === null) return true;
    const roundedMs = askedMs > MAX_SECONDS_MS ? HOUR_MS : Math.max(1_000, askedMs * COARSE);
    return seenMs > askedMs + roundedMs || seenMs < askedMs - ALLOWED_DELAY_MS;
  },
};

const codes: Readonly<{ [E in End]: Code }> = {
  ok: Code.OK,
  aborted: Code.ABORTED,
  refused: Code.UNAUTHENTICATED,
  unimplemented: Code.UNIMPLEMENTED,
};

/** The client sees how the call ended, and stops sending. */
const earlyEnd: Judge<EarlyEnd> = {
  kindOf: ({ shape, end }) => `${shape}, ${end}`,
  endOf: ({ code }) => codeName(code),
  noteOf: records => `at most ${Math.max(...records.map(({ sent }) => sent))} of ${MAX_MESSAGES} messages sent`,
  isWrong: ({ end, code, sent }) => code !== codes[end] || sent === MAX_MESSAGES,
};

const judges: Readonly<{ [E in Experiment]: Judge<any> }> = {
  'late-response': lateResponse,
  'long-deadline': longDeadline,
  'early-end': earlyEnd,
};

function counted(names: readonly string[]): readonly string[] {
  const counts = [...grouped(names, name => name)].sort(([a], [b]) => a.localeCompare(b));
  return counts.map(([name, { length }]) => `${name}: ${length.toLocaleString('en')}`);
}

function grouped<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
