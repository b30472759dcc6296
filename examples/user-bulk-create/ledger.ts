import type { CreateUserRes } from '../gen/users.ts';
import type { Entry } from './entry.ts';

/** What became of the users so far, and how far that is. */
export interface Tally {
  sent: number;
  created: number;
  /** Were there already, with the same content. */
  existed: number;
  rejected: number;
  /** Rejected users by reason; one with two reasons counts in both. */
  readonly byReason: Map<string, number>;
  /** The last line that is settled, with all before it; 0 before the first. */
  line: number;
  /** Bytes of the input up to there, nearly. */
  bytes: number;
}

/** As many may wait for the answer to a user before them; the reader waits beyond it, to a chunk. */
const MAX_WAITING = 20_000;

/**
 * Matches results with their lines. Results come in the order of the users, so the lines in flight are a queue, bounded
 * by what the call takes. A malformed line waits in it for its turn: lines are settled strictly in order.
 */
export class Ledger {
  readonly tally: Tally;
  readonly #onReject: (entry: Entry, errors: readonly string[]) => void;
  #waiting: Entry[] = [];
  #head = 0;
  #onRoom: (() => void) | undefined;

  constructor(onReject: (entry: Entry, errors: readonly string[]) => void, afterLine = 0) {
    this.#onReject = onReject;
    this.tally = { sent: 0, created: 0, existed: 0, rejected: 0, byReason: new Map(), line: afterLine, bytes: 0 };
  }

  /** Users that were sent and not answered, and malformed lines behind them. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** Takes in the next line; whether it is a user to send. */
  enter(entry: Entry): boolean {
    this.#waiting.push(entry);
    if (entry.user === undefined) {
      this.#settleMalformed();
      return false;
    }
    this.tally.sent++;
    return true;
  }

  /** @throws Error when this is no result of the user whose turn it is. */
  settle(result: CreateUserRes): void {
    const entry = this.#waiting[this.#head];
    if (entry?.user?.id !== result.userId) {
      const expected = entry === undefined ? 'nothing was asked' : `${JSON.stringify(entry.user?.id)} was next`;
      throw new Error(`the server answered for user ${JSON.stringify(result.userId)} when ${expected}`);
    }
    if (!result.success) this.#reject(entry, result.errors);
    else if (result.existed) this.tally.existed++;
    else this.tally.created++;
    this.#advance(entry);
    this.#settleMalformed();
  }

  /** Waits until few enough lines are waiting to read more. Malformed lines alone would be read without an end. */
  async room(): Promise<void> {
    if (this.waiting <= MAX_WAITING) return;
    await new Promise<void>(resolve => {
      this.#onRoom = resolve;
    });
  }

  #settleMalformed(): void {
    for (let entry = this.#waiting[this.#head]; entry?.fault !== undefined; entry = this.#waiting[this.#head]) {
      this.#reject(entry, [`malformed line: ${entry.fault}`]);
      this.#advance(entry);
    }
  }

  #reject(entry: Entry, errors: readonly string[]): void {
    this.tally.rejected++;
    // What differs from line to line is not a kind of its own.
    for (const error of errors) {
      const kind = entry.fault === undefined ? error : 'malformed line';
      this.tally.byReason.set(kind, (this.tally.byReason.get(kind) ?? 0) + 1);
    }
    this.#onReject(entry, errors);
  }

  #advance({ line, bytes }: Entry): void {
    this.tally.line = line;
    this.tally.bytes = bytes;
    this.#head++;
    if (this.#head >= 1024 && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    if (this.#onRoom !== undefined && this.waiting <= MAX_WAITING / 2) {
      this.#onRoom();
      this.#onRoom = undefined;
    }
  }
}
