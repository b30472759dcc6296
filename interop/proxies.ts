// What nginx, HAProxy, Apache, Caddy and nghttpx do to streams, with the configurations of docs/proxies.md.
import { Command } from 'commander';
import { cache, Missing, pathOf, step } from './peers/peer.ts';
import type { CommandLine } from './processes.ts';
import { bare, type HttpProxy, versionOf } from './proxies/proxy.ts';
import { proxies } from './proxies/roster.ts';
import { cancellations } from './proxies/scenarios/cancel.ts';
import { connections } from './proxies/scenarios/connections.ts';
import { endings } from './proxies/scenarios/endings.ts';
import { sizes } from './proxies/scenarios/sizes.ts';
import { streams } from './proxies/scenarios/streams.ts';
import { table } from './table.ts';

process.env['PATH'] += ':/usr/sbin'; // where Debian has them
const program = new Command('proxies')
  .description('Prints a table; the exit code is 1 when a scenario could not be run.')
  .option('--proxies <names...>', `of ${proxies.map(({ name }) => name).join(', ')}`)
  .option('--only <text>', 'scenarios whose name contains it')
  .option('--bare', 'without the lines of the configurations that tune something')
  .parse();
const {
  proxies: asked,
  only = '',
  bare: isBare = false,
} = program.opts<{ proxies?: string[]; only?: string; bare?: boolean }>();

const columns: (HttpProxy | undefined)[] = [undefined];
const versions: string[] = [];
const notRun: string[] = [];
for (const proxy of proxies) {
  if (asked !== undefined && !asked.some(name => name.toLowerCase() === proxy.name.toLowerCase())) continue;
  const version = await versionOf(proxy);
  if (version === undefined) notRun.push(`${proxy.name}: not installed (Debian has it as ${proxy.debian})`);
  else {
    columns.push(isBare ? bare(proxy) : proxy);
    versions.push(`${proxy.name} ${version}`);
  }
}

let go: CommandLine | undefined;
try {
  await step('go build', ['go', 'build', '-o', `${cache}/go/`, './users-server'], pathOf('interop/go'));
  go = [`${cache}/go/users-server`];
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  notRun.push(`Go: ${error.message}`);
}

const scenarios = [...cancellations(go), ...streams, ...sizes, ...endings, ...connections];
const rows: string[][] = [];
for (const { name, run } of scenarios.filter(scenario => scenario.name.includes(only))) {
  const row = [name];
  for (const proxy of columns) {
    try {
      row.push(await run(proxy));
    } catch (error) {
      row.push('FAILS');
      process.exitCode = 1;
      console.error(`${name}, ${proxy?.name ?? 'none'}:`, error);
    }
    console.error(`${name}, ${proxy?.name ?? 'none'}: ${row.at(-1)}`);
  }
  rows.push(row);
}

console.log(`\n${table(['', ...columns.map(proxy => proxy?.name ?? 'none')], rows)}\n`);
console.log(`${versions.join(', ')}; Node ${process.versions.node}.`);
for (const line of notRun) console.log(`Not run: ${line}`);
process.exit();
