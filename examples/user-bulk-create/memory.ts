/** A resident size of the process, and how much was done by then. */
interface Sample {
  readonly done: number;
  readonly rss: number;
}

const SAMPLE_MS = 200;
const MAX_SAMPLES = 2000;

/** Watches how much memory the process keeps resident while it gets something done. */
export class MemoryWatch {
  #samples: Sample[] = [];
  readonly #done: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor(done: () => number) {
    this.#done = done;
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  sample(): void {
    this.#samples.push({ done: this.#done(), rss: process.memoryUsage.rss() });
    if (this.#samples.length > MAX_SAMPLES) this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
  }

  /** What was resident in the first tenth of what was done and in the last, on average, and the most in all. */
  stop(): string {
    clearInterval(this.#timer);
    this.sample();
    const total = this.#done();
    const first = mean(this.#samples.filter(({ done }) => done > 0 && done <= total / 10));
    const last = mean(this.#samples.filter(({ done }) => done >= total * 0.9));
    const most = Math.max(...this.#samples.map(({ rss }) => rss));
    return `${mebibytes(first ?? last)} resident in the first tenth, ${mebibytes(last)} in the last, ${mebibytes(most)} at most`;
  }
}

function mean(samples: Sample[]): number | undefined {
  return samples.length === 0 ? undefined : samples.reduce((sum, { rss }) => sum + rss, 0) / samples.length;
}

function mebibytes(bytes = 0): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
