// Serves the interop test service with grpc-js and nothing else, until it is ended.
import { readFileSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { serverOptions } from '../options.ts';
import { definitions } from './definitions.ts';
import { implementation } from './implementation.ts';

const { port, use_tls, tls_cert_file, tls_key_file } = serverOptions();
const server = new Server();
server.addService(definitions.test, implementation);
const credentials = use_tls
  ? ServerCredentials.createSsl(null, [
      { cert_chain: readFileSync(tls_cert_file), private_key: readFileSync(tls_key_file) },
    ])
  : ServerCredentials.createInsecure();
server.bindAsync(`0.0.0.0:${port}`, credentials, (error, bound) => {
  if (error) throw error;
  console.log(`listening on ${bound}`);
});
