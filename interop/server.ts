// Serves the interop test service with rx-grpc, until it is ended.
import { readFileSync } from 'node:fs';
import { load, serve } from 'rx-grpc';
import { type Services, testProto } from './messages.ts';
import { serverOptions } from './options.ts';
import { testService } from './test-service.ts';

const { port, use_tls, tls_cert_file, tls_key_file } = serverOptions();
const { TestService }: Services = await load(testProto);
const service = testService(TestService);
const server = use_tls
  ? await serve(`https://0.0.0.0:${port}`, service, {
      tls: { cert: readFileSync(tls_cert_file), key: readFileSync(tls_key_file) },
    })
  : await serve(`http://0.0.0.0:${port}`, service);
console.log(`listening on ${server.target}`);
process.once('SIGTERM', () => void server.shutdown({ graceMs: 1_000 }).then(() => process.exit()));
