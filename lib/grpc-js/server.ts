import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Subject } from 'rxjs';
import type { LiveCalls } from '../call/live-calls.ts';
import type { RpcError } from '../core/rpc-error.ts';
import { parseAddress } from './address.ts';
import { mayBatch } from './batch.ts';
import { ageOptions, type ConnectionAge, ConnectionAges } from './connection-ages.ts';
import { mayJoin } from './join.ts';
import { type ServerKeepalive, withKeepalive } from './keepalive.ts';
import { type DirectHandler, type DirectOptions, serveDirectly } from './server-channel.ts';
import { Connections, type ShutdownOptions, type ShutdownReport, shutdown } from './shutdown.ts';
import { checkTls } from './tls-options.ts';
import { warnOfBun } from './warn-of-bun.ts';

/** PEM texts, or their bytes; the file's content and not its path. A key that is encrypted is refused. */
export interface ServerTls {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
  /** Certificates of clients to trust; with it each client must show one. Default: clients are not asked. */
  readonly ca?: string | Uint8Array | undefined;
}

/** The options of serve() that concern connections, and the state that the calls of the server share. */
export interface ServerSettings {
  readonly tls?: ServerTls | undefined;
  readonly credentials?: ServerCredentials | undefined;
  readonly serverOptions?: ServerOptions | undefined;
  readonly keepalive?: ServerKeepalive | undefined;
  readonly connectionAge?: ConnectionAge | undefined;
  readonly coalesce?: boolean | undefined;
  readonly live: LiveCalls<RpcError>;
  readonly draining$: Subject<void>;
}

/** A service of a server. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** Serve the methods without the streams of grpc-js, by name. Left out for a service that is not implement()'s. */
  readonly direct?: ReadonlyMap<string, DirectHandler>;
}

/** A server that listens: see {@link Server} of serve(). */
export interface OpenServer {
  readonly target: string;
  readonly port: number;
  readonly grpc: Server;
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
}

/**
 * Opens a server at an address, and resolves when it listens.
 *
 * @throws (rejects) TypeError, RangeError when a setting is of the wrong kind; Error when it cannot listen there.
 */
export async function openServer(
  address: string,
  services: readonly GrpcService[],
  settings: ServerSettings,
): Promise<OpenServer> {
  const { live, draining$ } = settings;
  const { target, tls } = parseAddress(address);
  const credentials = credentialsFor(address, tls, settings);
  const { age, serverOptions: otherOptions } = ageOptions(settings.connectionAge, settings.serverOptions);
  const serverOptions = withKeepalive('serve', settings.keepalive, otherOptions);
  warnOfBun();
  const ages = age && new ConnectionAges(age);
  const grpc = grpcServer(services, { live, ages }, serverOptions, settings.coalesce);

  const port = await bind(grpc, target, credentials);
  ages?.watch(grpc);
  const withPort = (address: string) => (port === 0 ? address : address.replace(/:0\/?$/, `:${port}`));
  const bound = withPort(target);
  const connections = new Connections(bound);
  let stopping: Promise<ShutdownReport> | undefined;
  return {
    target: withPort(address),
    port,
    grpc,
    shutdown: options => (stopping ??= shutdown({ grpc, target: bound, live, connections, draining$ }, options)),
  };
}

type Handlers = Map<unknown, DirectHandler>;
type Shared = Pick<DirectOptions, 'live' | 'ages'>;

/** A server of grpc-js with these services, which does not listen yet. */
function grpcServer(
  services: readonly GrpcService[],
  shared: Shared,
  options: ServerOptions | undefined,
  coalesce: boolean | undefined,
): Server {
  const handlers: Handlers = new Map();
  const server = new Server(servedDirectly(handlers, shared, options, coalesce));
  for (const service of services) addService(server, service, handlers);
  return server;
}

/** The statistics of channelz cost a tenth of a unary call. They are off unless they are asked for. */
const CHANNELZ = 'grpc.enable_channelz';

/** Adds our interceptor behind those of the user. */
function servedDirectly(handlers: Handlers, shared: Shared, given: ServerOptions = {}, coalesce = true): ServerOptions {
  const options = { [CHANNELZ]: 0, ...given };
  const { interceptors = [], 'grpc.max_send_message_length': maxMessageBytes = -1 } = options;
  const directly = serveDirectly(handlers, {
    ...shared,
    isBatching: mayBatch(options),
    isJoining: coalesce && mayJoin(options),
    maxMessageBytes: maxMessageBytes === -1 ? Number.POSITIVE_INFINITY : maxMessageBytes,
  });
  return { ...options, interceptors: [...interceptors, directly] };
}

function addService(server: Server, { definition, implementation, direct }: GrpcService, handlers: Handlers): void {
  const own = { ...definition };
  for (const [name, handler] of direct ?? []) {
    const responseSerialize = (bytes: Buffer): Buffer => bytes;
    own[name] = { ...own[name]!, responseSerialize };
    handlers.set(responseSerialize, handler);
  }
  server.addService(direct === undefined ? definition : own, implementation);
}

function credentialsFor(address: string, isTls: boolean | undefined, options: ServerSettings): ServerCredentials {
  const { credentials, tls } = options;
  if (credentials !== undefined && tls !== undefined) throw new TypeError('serve: give credentials or tls, not both');
  if (isTls === false) {
    if (credentials === undefined && tls === undefined) return ServerCredentials.createInsecure();
    throw new TypeError(
      `serve: '${address}' says plaintext; with tls or credentials give https:// or a bare host:port`,
    );
  }
  if (credentials !== undefined) return credentials;
  if (tls !== undefined) {
    checkTls('serve', tls);
    const { key, cert, ca } = tls;
    if (key === undefined) throw new TypeError('serve: expected tls to have key and cert');
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
    return ServerCredentials.createSsl(ca === undefined ? null : Buffer.from(ca), [pair], ca !== undefined);
  }
  if (isTls === true) throw new TypeError(`serve: '${address}' says TLS: give tls: { key, cert }, or credentials`);
  throw new TypeError(
    `serve: '${address}' does not say whether to use TLS: write http:// (plaintext) or https:// before it, ` +
      'or give credentials',
  );
}

function bind(grpc: Server, target: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    grpc.bindAsync(target, credentials, (error, port) => {
      if (error === null) return resolve(target.startsWith('unix') ? 0 : port);
      grpc.forceShutdown();
      const isTaken = error.message.includes('EADDRINUSE');
      reject(
        new Error(
          isTaken
            ? `cannot listen on ${target}: the address is in use (EADDRINUSE); stop who uses it, or take another port (0 is any)`
            : `cannot listen on ${target}: ${error.message}`,
          { cause: error },
        ),
      );
    });
  });
}
