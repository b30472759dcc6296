// Runs one case of the interop tests with grpc-js and nothing else. Exit code 0 when it passed.
import { readFileSync } from 'node:fs';
import { type ChannelOptions, credentials } from '@grpc/grpc-js';
import { clientOptions } from '../options.ts';
import { cases } from './cases.ts';
import { TestService, UnimplementedService } from './definitions.ts';

const options = clientOptions();
const { server_host, server_port, server_host_override, use_tls, use_test_ca, ca_file } = options;
const address = `${server_host}:${server_port}`;
const secrets = use_tls
  ? credentials.createSsl(use_test_ca ? readFileSync(ca_file) : null)
  : credentials.createInsecure();
const channel: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  ...(server_host_override !== undefined && {
    'grpc.ssl_target_name_override': server_host_override,
    'grpc.default_authority': server_host_override,
  }),
};
const open = (): any => new TestService(address, secrets, channel);
const test = open();
const unimplemented: any = new UnimplementedService(address, secrets, channel);
const run = cases[options.test_case];
if (run === undefined) {
  console.error(`there is no case ${options.test_case}; there are ${Object.keys(cases).join(', ')}`);
  process.exit(2);
}
try {
  await run({ test, unimplemented, open, options });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
test.close();
unimplemented.close();
