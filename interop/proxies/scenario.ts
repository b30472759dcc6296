import { pathOf } from '../peers/peer.ts';
import type { CommandLine } from '../processes.ts';
import type { HttpProxy } from './proxy.ts';
import { Stand } from './stand.ts';

/** One row of the table. */
export interface Scenario {
  readonly name: string;
  /** What it finds out before this proxy, or with none; a few words. */
  run(proxy: HttpProxy | undefined): Promise<string>;
}

const node = (file: string): CommandLine => [process.execPath, '--import', 'tsx', pathOf(`interop/proxies/${file}`)];
export const rxBackend: CommandLine = node('backend.ts');
export const plainBackend: CommandLine = node('plain-backend.ts');

export interface ScenarioOptions {
  readonly backend?: CommandLine;
  /** What the scenario has otherwise than the documented configuration. */
  readonly change?: (config: string, proxy: HttpProxy) => string;
}

/** A row whose stand is made for it alone. */
export function scenario(
  name: string,
  run: (stand: Stand) => Promise<string>,
  { backend = rxBackend, change }: ScenarioOptions = {},
): Scenario {
  return {
    name,
    async run(proxy) {
      await using stand = await Stand.make(proxy, backend, change);
      const found = await run(stand);
      for (const error of stand.errors) console.error(`    ${error}`);
      return found;
    },
  };
}

/** With timeouts of so many seconds in place of an hour. */
export function timeouts(seconds: number): Pick<ScenarioOptions, 'change'> {
  return {
    change: (config, { hour }) =>
      config.replace(hour, text => text.replace('1h', `${seconds}s`).replace('3600', String(seconds))),
  };
}

/** How often each of these came: `CANCELLED 49, OK 1`. */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  if (counts.size === 1 && words.length > 0) return words[0]!;
  return [...counts].map(([word, count]) => `${word} ${count}`).join(', ');
}
