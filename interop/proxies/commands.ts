import { PerformanceObserver } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { type CallRecord, print } from './plan.ts';

/**
 * Answers what this backend is asked on its standard input: the number of a call is for what was seen of it, and any other line is
 * for how many HTTP/2 streams are over. When the input ends, whoever started this program is gone.
 */
export function answerCommands(records: ReadonlyMap<number, CallRecord>): void {
  let closed = 0;
  new PerformanceObserver(list => {
    closed += list.getEntries().filter(({ name }) => name === 'Http2Stream').length;
  }).observe({ entryTypes: ['http2'] });
  createInterface({ input: process.stdin })
    .on('line', line => {
      const record = records.get(Number(line));
      if (record === undefined) print({ closed });
      else print({ ...record, event: record.event === 'ended' ? 'ended' : 'now' });
    })
    .on('close', () => process.exit());
}
