import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CountedShape, type Counts, YOUNG_MIB } from './counts.ts';

/** More calls, 100,000 messages of each shape, gave the same counts within a hundredth. */
const CALLS = 5;
const MESSAGES: Readonly<Record<CountedShape, number>> = {
  unary: 100,
  serverStream: 2000,
  clientStream: 2000,
  bidi: 2000,
};

const flags = [
  '--expose-gc',
  `--min-semi-space-size=${YOUNG_MIB}`,
  `--max-semi-space-size=${YOUNG_MIB}`,
  '--import=tsx',
];

/**
 * Runs the messages of one shape in a process of their own, and counts.
 *
 * @throws (rejects) when that has not ended after so long, or has failed.
 */
export async function counted(shape: CountedShape, timeoutMs = 60_000): Promise<Counts> {
  const args = programOf(shape, CALLS, MESSAGES[shape]);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: timeoutMs, killSignal: 'SIGKILL' });
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`${shape} could not be counted within ${timeoutMs} ms: ${cause}`, { cause });
  }
}

/** The arguments of Node that count so many calls of so many messages. */
export function programOf(shape: CountedShape, calls: number, messages: number): string[] {
  return [...flags, join(import.meta.dirname, 'count.ts'), shape, String(calls), String(messages)];
}
