import { Server, type ServerOptions } from '@grpc/grpc-js';
import { keepsNothing } from '../codec/received.ts';
import { methodsOf } from '../core/service.ts';
import { kindOf } from '../core/validate.ts';
import { mayBatch } from '../grpc-js/batch.ts';
import { mayJoin } from '../grpc-js/join.ts';
import { type DirectHandler, type DirectOptions, serveDirectly } from '../grpc-js/server-channel.ts';
import type { ConnectionAges } from './connection-ages.ts';
import { type Bound, bindTo, overStreams } from './implement.ts';
import type { ServerContext } from './server-context.ts';

type Handlers = Map<unknown, DirectHandler>;

/**
 * A server of grpc-js with these services, which does not listen yet.
 *
 * @throws TypeError when one is no service.
 */
export function grpcServer(
  services: readonly Bound[],
  context: ServerContext,
  options: ServerOptions | undefined,
  coalesce: boolean | undefined,
  ages: ConnectionAges | undefined,
): Server {
  const handlers: Handlers = new Map();
  const { live } = context;
  const server = new Server(servedDirectly(handlers, { live, ages }, options, coalesce));
  for (const service of services) addService(server, service, context, handlers);
  return server;
}

/** Its statistics cost a tenth of a unary call, and are there for who asks for them. */
const CHANNELZ = 'grpc.enable_channelz';

/** Behind the interceptors of the user. */
function servedDirectly(
  handlers: Handlers,
  shared: Pick<DirectOptions, 'live' | 'ages'>,
  given: ServerOptions = {},
  coalesce = true,
): ServerOptions {
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

function addService(server: Server, service: Bound, context: ServerContext, handlers: Handlers): void {
  if (typeof service?.definition !== 'object' || typeof service.implementation !== 'object') {
    throw new TypeError(`serve: expected what implement() gives, or a list of them, got ${kindOf(service)}`);
  }
  const serves = bindTo(context, service);
  if (serves === undefined) {
    server.addService(service.definition, service.implementation);
    return;
  }
  const definition = { ...service.definition };
  const methods = new Map(methodsOf(service.service as object));
  for (const [name, serve] of serves) {
    const responseSerialize = (bytes: Buffer): Buffer => bytes;
    definition[name] = { ...definition[name]!, responseSerialize };
    const { requestStream, requestDeserialize } = methods.get(name)!;
    handlers.set(responseSerialize, { serve, requestStream, keepsNothing: keepsNothing(requestDeserialize) });
  }
  server.addService(definition, overStreams(serves));
}
