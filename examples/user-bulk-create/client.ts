import { Command, Option } from 'commander';
import { runProgram } from '../support/run-program.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { runUpload, type UploadOptions } from './run-upload.ts';

const program = new Command('client')
  .description('Creates the users of a CSV or NDJSON file, or of standard input (-), on a server of users.')
  .argument('<input>', 'users.csv, users.ndjson, or - for standard input')
  .option('--target <url>', 'the server', 'http://127.0.0.1:3000')
  .addOption(
    new Option('--format <format>', 'default: by the name of the input; standard input is csv').choices([
      'csv',
      'ndjson',
    ]),
  )
  .option('--resume', 'go on after the last acknowledged line of the upload before', false)
  .option('--skip <lines>', 'pass over that many lines, the header counted', wholeNumber(0), 0)
  .option('--rejects <file>', 'where rejected lines are written (default: <input>.rejects.csv)')
  .option('--position <file>', 'where the last acknowledged line is kept (default: <input>.position.json)')
  .option('--fail-on-reject', 'exit with 2 when users were rejected', false)
  .option('--every <seconds>', 'between lines of progress when there is no terminal', wholeNumber(1), 2);

await runProgram(program, signal => runUpload({ ...program.opts<UploadOptions>(), input: program.args[0]! }, signal));
