import type { Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';

export interface SessionListener {
  /** Called when a client has connected. */
  opened(session: Http2Session, socket: Socket): void;
  /** Called when a call has arrived. Its handler runs later in the same turn. */
  called(stream: ServerHttp2Stream): void;
  /** Called after the call's handler was called. */
  handled(): void;
}

/**
 * Watches the HTTP/2 sessions of a listening grpc-js server, from now on.
 *
 * grpc-js exposes neither its HTTP/2 servers nor the session of a call. This reads the private `http2Servers`, a Map
 * keyed by HTTP/2 server, and changes nothing. The events are Node's own.
 *
 * @throws Error when that Map is missing.
 */
export function watchSessions(grpc: Server, listener: SessionListener): void {
  const servers = (grpc as unknown as { readonly http2Servers?: unknown }).http2Servers;
  if (!(servers instanceof Map) || servers.size === 0) {
    throw new Error('connectionAge: this version of @grpc/grpc-js does not have its HTTP/2 servers in `http2Servers`');
  }
  for (const server of servers.keys()) watch(server as Http2Server, listener);
}

function watch(server: Http2Server, listener: SessionListener): void {
  // Node creates the session of a socket in the same turn in which it emits the socket.
  let latest: Socket;
  const accepted = (socket: Socket): void => {
    latest = socket;
  };
  server.prependListener('connection', accepted);
  server.prependListener('secureConnection', accepted);
  server.on('session', session => listener.opened(session, latest));
  server.prependListener('stream', stream => listener.called(stream));
  server.on('stream', () => listener.handled());
}
