import { setTimeout as sleep } from 'node:timers/promises';

/** The metadata in which a client tells the server its plan. */
export const PLAN = 'plan';

/** What is to happen in one call; interop/go/plan has the same. 0 is never. */
export interface Plan {
  readonly call: number;
  readonly port: number;
  /** An upload is answered once, at its end; in an exchange each message is. */
  readonly shape: 'upload' | 'download' | 'exchange';
  readonly messages: number;
  readonly bytes: number;
  /** The producer does not end after its messages. */
  readonly staysOpen: boolean;
  readonly cancelAfterMs: number;
  readonly timeoutMs: number;
  /** The client's own source of requests fails after so many. */
  readonly sourceFailsAfter: number;
  /** The server ends with ABORTED after so many: received by it, or sent in a download. */
  readonly serverFailsAfter: number;
  /** The server ends well after so many, although more may come. */
  readonly serverEndsAfter: number;
  readonly producerRestsEvery: number;
  readonly producerRestMs: number;
  readonly readerRestsEvery: number;
  readonly readerRestMs: number;
}

/** What one side saw of one call: one line of its output. */
export interface CallRecord {
  readonly call: number;
  /** A server tells of each beginning, too. */
  readonly event: 'begun' | 'ended';
  sent: number;
  received: number;
  /** The messages that came were numbered without a gap. */
  inOrder: boolean;
  /** A client has ended its requests; a server has seen them end, or has sent all of a download. */
  completed: boolean;
  code: number;
  details: string;
}

/** The code of a call that its own source has ended. */
export const SOURCE_FAILED = -1;

export function newRecord(call: number): CallRecord {
  return { call, event: 'ended', sent: 0, received: 0, inOrder: true, completed: false, code: 0, details: '' };
}

export function print(record: CallRecord | number): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

/** Sleeps after every so many messages. */
export async function rest(count: number, every: number, ms: number): Promise<void> {
  if (every !== 0 && ms !== 0 && count !== 0 && count % every === 0) await sleep(ms);
}
