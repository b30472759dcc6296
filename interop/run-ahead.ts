// How servers of several makes take uploads of rx-grpc: unread, cancelled, compressed.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { load } from 'rx-grpc';
import { type Services, testProto } from './messages.ts';
import { Missing } from './peers/peer.ts';
import { start, stop } from './processes.ts';
import { cancelUploads, gzip, runAhead, UPLOADS } from './run-ahead/measure.ts';
import { servers } from './run-ahead/servers.ts';
import { table } from './table.ts';

const options = new Command('run-ahead')
  .description('Prints a table of servers.')
  .option('--servers <names...>', `of ${servers.map(({ name }) => name).join(', ')}`)
  .parse()
  .opts<{ servers?: string[] }>();

const { TestService }: Services = await load(testProto);
const rows: (readonly (string | number)[])[] = [];
for (const { name, prepare } of servers) {
  if (options.servers?.includes(name) === false) continue;
  try {
    const server = start(await prepare());
    server.stderr!.pipe(process.stderr);
    const lines: string[] = [];
    const reader = createInterface({ input: server.stdout! }).on('line', line => lines.push(line));
    const [port] = await once(reader, 'line');
    const target = `http://127.0.0.1:${port}`;
    const ahead = await runAhead(TestService, target);
    const endings: string[] = [];
    for (const isAdjusted of [true, false]) {
      lines.length = 0;
      await cancelUploads(TestService, target, isAdjusted);
      const whole = lines.filter(line => line.startsWith('whole')).length;
      endings.push(lines.length === 0 ? 'no end at all' : `whole ${whole} of ${UPLOADS}`);
    }
    rows.push([name, ahead, ...endings, await gzip(TestService, target)]);
    await stop(server);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.log(`Not run: ${name}: ${error.message}`);
  }
}
const head = ['server', 'messages of 1 KiB ahead', 'cancelled by rx-grpc', 'cancelled by grpc-js', 'gzip'];
console.log(table(head, rows));
