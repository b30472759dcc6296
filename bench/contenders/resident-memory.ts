import { existsSync, readFileSync } from 'node:fs';

/** Bytes of this process in RAM. */
export interface ResidentMemory {
  readonly now: number;
  readonly max: number;
}

const STATUS = '/proc/self/status';

export function residentMemory(): ResidentMemory {
  const now = process.memoryUsage.rss();
  // What getrusage() says of a process includes its parent's size at the fork; VmHWM does not.
  const max = existsSync(STATUS)
    ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(STATUS, 'utf8'))?.[1]) * 1024
    : process.resourceUsage().maxRSS * 1024;
  return { now, max: Math.max(now, max) };
}
