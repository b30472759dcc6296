import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

/** The command line of an interop client, as https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md and grpc-go name it. */
export interface ClientOptions {
  readonly server_host: string;
  readonly server_host_override?: string;
  readonly server_port: number;
  readonly test_case: string;
  readonly use_tls: boolean;
  readonly use_test_ca: boolean;
  readonly ca_file: string;
  readonly soak_iterations: number;
  readonly soak_max_failures: number;
  readonly soak_per_iteration_max_acceptable_latency_ms: number;
  readonly soak_overall_timeout_seconds: number;
  readonly soak_min_time_ms_between_rpcs: number;
  readonly soak_request_size: number;
  readonly soak_response_size: number;
  readonly soak_num_threads: number;
}

/** The command line of an interop server. */
export interface ServerOptions {
  readonly port: number;
  readonly use_tls: boolean;
  readonly tls_cert_file: string;
  readonly tls_key_file: string;
}

/** A certificate for localhost and 127.0.0.1, which is its own authority. */
export const ownCertificate: string = fileURLToPath(new URL('../spec/support/tls/cert.pem', import.meta.url));
export const ownKey: string = fileURLToPath(new URL('../spec/support/tls/key.pem', import.meta.url));

export function clientOptions(): ClientOptions {
  return new Command()
    .option('--server_host <host>', 'the server', '127.0.0.1')
    .option('--server_host_override <host>', 'the name that its certificate must show (default: server_host)')
    .option('--server_port <port>', 'its port', number, 10_000)
    .option('--test_case <name>', 'what to test', 'large_unary')
    .option('--use_tls [boolean]', 'TLS instead of plaintext', boolean, false)
    .option('--use_test_ca [boolean]', 'trust ca_file instead of the usual authorities', boolean, false)
    .option('--ca_file <file>', 'a certificate', ownCertificate)
    .option('--soak_iterations <n>', 'calls in a soak', number, 10)
    .option('--soak_max_failures <n>', 'of which so many may fail', number, 0)
    .option('--soak_per_iteration_max_acceptable_latency_ms <n>', 'each within', number, 1_000)
    .option('--soak_overall_timeout_seconds <n>', 'and all within', number, 10)
    .option('--soak_min_time_ms_between_rpcs <n>', 'from the start of a call to that of the next', number, 0)
    .option('--soak_request_size <bytes>', 'of a request', number, 271_828)
    .option('--soak_response_size <bytes>', 'of a response', number, 314_159)
    .option('--soak_num_threads <n>', 'calls at a time', number, 1)
    .parse()
    .opts<ClientOptions>();
}

export function serverOptions(): ServerOptions {
  return new Command()
    .option('--port <port>', 'where to listen', number, 10_000)
    .option('--use_tls [boolean]', 'TLS instead of plaintext', boolean, false)
    .option('--tls_cert_file <file>', 'a certificate', ownCertificate)
    .option('--tls_key_file <file>', 'its key', ownKey)
    .parse()
    .opts<ServerOptions>();
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('a whole number is expected.');
  }
  return value;
}

function boolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('true or false is expected.');
  return text === 'true';
}
