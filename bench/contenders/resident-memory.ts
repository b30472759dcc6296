import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Bytes of this process in RAM. */
export interface ResidentMemory {
  readonly now: number;
  /** Since the process began or `resetMax` was called. */
  readonly max: number;
}

const STATUS = '/proc/self/status';
const CLEAR_REFS = '/proc/self/clear_refs';
/** See proc_pid_clear_refs(5). */
const RESET_PEAK = '5';

export function residentMemory(): ResidentMemory {
  const now = process.memoryUsage.rss();
  // What getrusage() says of a process includes its parent's size at the fork; VmHWM does not.
  const max = existsSync(STATUS)
    ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(STATUS, 'utf8'))?.[1]) * 1024
    : process.resourceUsage().maxRSS * 1024;
  return { now, max: Math.max(now, max) };
}

/** Starts the maximum again at the present size, so that start-up does not count. Does nothing where there is no Linux. */
export function resetMax(): void {
  if (existsSync(CLEAR_REFS)) writeFileSync(CLEAR_REFS, RESET_PEAK);
}
