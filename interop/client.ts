// Runs one case of the interop tests with rx-grpc against a server of any make. Exit code 0 when it passed.
import { cases } from './cases/cases.ts';
import { openClients } from './clients.ts';
import { clientOptions } from './options.ts';

const options = clientOptions();
const run = cases[options.test_case];
if (run === undefined) {
  console.error(`there is no case ${options.test_case}; there are ${Object.keys(cases).join(', ')}`);
  process.exit(2);
}
const clients = await openClients(options);
try {
  await run(clients, options);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
clients.close();
