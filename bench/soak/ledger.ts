/** What is counted on both sides, and what did not agree. */
export class Ledger {
  readonly failures: string[] = [];
  readonly #counts = new Map<string, number>();

  count(what: string, by = 1): void {
    this.#counts.set(what, this.of(what) + by);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  fail(message: string): void {
    this.count('failures');
    if (this.failures.length < 1000) this.failures.push(message);
  }

  line(): string {
    return `${this.of('client: calls').toLocaleString('en')} calls, ${this.of('server: calls').toLocaleString('en')} handled,`;
  }

  table(): string {
    return [...this.#counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([what, count]) => `${count.toLocaleString('en').padStart(12)}  ${what}`)
      .join('\n');
  }
}
