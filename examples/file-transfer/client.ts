import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { Argument, Command } from 'commander';
import { pipe, tap } from 'rxjs';
import { Files, type Part } from '../gen/files.ts';
import { withAddress } from '../support/address.ts';
import { pace } from '../support/pace.ts';
import { runClient } from '../support/run-client.ts';
import { UsageError } from '../support/usage-error.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { Inbox } from './inbox.ts';
import { progress } from './progress.ts';
import { download, upload } from './transfer.ts';
import { UnderWay } from './under-way.ts';

const program = withAddress(new Command('client'), 50064)
  .description('Sends a file to a server, or fetches one. What was cut goes on where it broke: run it again.')
  .addArgument(new Argument('<direction>').choices(['upload', 'download']))
  .argument('<file>', 'to send; or the name of the one to fetch')
  .option('--folder <path>', 'where a fetched file goes', '.')
  .option('--pace-ms <ms>', 'waits so long before each part, to be watched', wholeNumber(0), 0);

await runClient(program, Files, files => {
  const [direction, file] = program.processedArgs as ['upload' | 'download', string];
  const { folder, paceMs } = program.opts<{ folder: string; paceMs: number }>();
  const underWay = new UnderWay();
  const onTheWay = pipe(
    pace<Part>(paceMs),
    tap(part => underWay.sent(part)),
  );
  if (direction === 'download') return download(files, new Inbox(folder), file, onTheWay).pipe(progress());

  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`there is no file ${file}`);
  return upload(files, file, basename(file), onTheWay).pipe(
    tap(received => underWay.received(received)),
    progress(() => `, never more than ${underWay.most} under way`),
  );
});
