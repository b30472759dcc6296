/** The metadata in which a client tells a backend what to do; the name is that of interop/foreign, so its Go server understands it. */
export const PLAN = 'plan';

export type Act =
  /** Answers each request. */
  | 'echo'
  /** Answers once, when the requests have ended. */
  | 'upload'
  /** Sends numbered messages, as many as `messages`. */
  | 'download'
  /** Sends one message, and then nothing. */
  | 'silent'
  /** Sends one message every third of a second, as many as `messages`. */
  | 'drip'
  /** Sends headers, and then nothing. */
  | 'headers'
  /** Sends nothing at all. */
  | 'mute'
  /** Takes one request and no more. */
  | 'stall'
  /** Answers the first request and ends with OK. */
  | 'first'
  /** Ends with PERMISSION_DENIED before it reads anything. */
  | 'refuse'
  /** Answers the first request and ends with ABORTED. */
  | 'fail'
  /** Answers with one message of `bytes`. */
  | 'large';

export interface Plan {
  readonly call: number;
  readonly act: Act;
  /** What the Go server goes by. */
  readonly shape: 'exchange' | 'upload';
  readonly messages: number;
  /** Of each message that the backend sends. */
  readonly bytes: number;
  /** Of metadata in its headers, and in its trailers. */
  readonly headerBytes: number;
  readonly trailerBytes: number;
}

/** What a backend has seen of a call, at its beginning, at its end, or when it is asked. */
export interface CallRecord {
  readonly call: number;
  event: 'begun' | 'now' | 'ended';
  received: number;
  sent: number;
  /** The requests have ended, and not in an error: an upload is whole. */
  completed: boolean;
  code: number;
  /** Whether it knows a deadline. */
  hasDeadline?: boolean;
  /** From which connection the call came. */
  peer?: string;
}

/** What a backend tells of itself when it is asked. */
export interface Streams {
  /** HTTP/2 streams that are over. */
  readonly closed: number;
}

export function newRecord(call: number): CallRecord {
  return { call, event: 'begun', received: 0, sent: 0, completed: false, code: 0 };
}

export function print(line: CallRecord | Streams | number): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
