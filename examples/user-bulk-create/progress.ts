import { SingleBar } from 'cli-progress';
import type { Tally } from './ledger.ts';

const BAR_MS = 100;
const RATE_WINDOW_MS = 5000;

/**
 * Shows how an upload goes on: a bar on a terminal, otherwise a line every few seconds. Returns the end of it.
 *
 * @param totalBytes size of the input; undefined when it is not known, and then there is no time left.
 */
export function showProgress(
  tally: Tally,
  totalBytes: number | undefined,
  everyMs: number,
  out: NodeJS.WriteStream = process.stderr,
): () => void {
  const rate = new Rate();
  if (!out.isTTY) {
    const timer = setInterval(() => out.write(`${progressLine(tally, rate, totalBytes)}\n`), everyMs).unref();
    return () => clearInterval(timer);
  }
  const bar = new SingleBar({
    format: totalBytes === undefined ? '{text}' : '{bar} {percentage}%  {text}',
    stream: out,
    barsize: 24,
    hideCursor: true,
    emptyOnZero: true,
  });
  bar.start(totalBytes ?? 0, 0, { text: '' });
  const draw = () => bar.update(Math.round(tally.bytes), { text: progressLine(tally, rate, totalBytes) });
  const timer = setInterval(draw, BAR_MS).unref();
  return () => {
    clearInterval(timer);
    draw();
    bar.stop();
  };
}

/** For example `sent 1,200  created 1,100  rejected 12  24,000/s  3 s left`. */
export function progressLine(tally: Tally, rate: Rate, totalBytes: number | undefined, at = Date.now()): string {
  const settled = tally.created + tally.existed + tally.rejected;
  const { users, bytes } = rate.update(at, settled, tally.bytes);
  const left = totalBytes === undefined || bytes === 0 ? undefined : Math.ceil((totalBytes - tally.bytes) / bytes);
  const parts = [
    `sent ${count(tally.sent)}`,
    `created ${count(tally.created)}`,
    ...(tally.existed > 0 ? [`existed ${count(tally.existed)}`] : []),
    `rejected ${count(tally.rejected)}`,
    `${count(users)}/s`,
    ...(left === undefined ? [] : [`${count(left)} s left`]),
  ];
  return parts.join('  ');
}

export function count(n: number): string {
  return Math.round(n).toLocaleString('en');
}

/** Users and bytes a second over the last few seconds. */
export class Rate {
  readonly #window: { at: number; users: number; bytes: number }[];

  constructor(at = Date.now()) {
    this.#window = [{ at, users: 0, bytes: 0 }];
  }

  update(at: number, users: number, bytes: number): { users: number; bytes: number } {
    this.#window.push({ at, users, bytes });
    while (this.#window.length > 2 && this.#window[1]!.at <= at - RATE_WINDOW_MS) this.#window.shift();
    const from = this.#window[0]!;
    const seconds = Math.max(at - from.at, 1) / 1000;
    return { users: (users - from.users) / seconds, bytes: (bytes - from.bytes) / seconds };
  }
}
