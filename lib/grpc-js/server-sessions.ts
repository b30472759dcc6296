import type { Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';

export interface SessionListener {
  /** A connection has been made. */
  opened(session: Http2Session, socket: Socket): void;
  /** A call of a connection has come, and its handler is about to be called, in this turn. */
  called(stream: ServerHttp2Stream): void;
  /** Its handler has been called. */
  handled(): void;
}

/**
 * Tells of the HTTP/2 sessions of a server of grpc-js that listens, from now on.
 *
 * grpc-js shows neither its HTTP/2 servers nor the session of a call. This reads its private `http2Servers`, a Map by HTTP/2
 * server, and changes nothing; what it listens to are Node's own events.
 *
 * @throws Error where that Map is not there.
 */
export function watchSessions(grpc: Server, listener: SessionListener): void {
  const servers = (grpc as unknown as { readonly http2Servers?: unknown }).http2Servers;
  if (!(servers instanceof Map) || servers.size === 0) {
    throw new Error('connectionAge: this version of @grpc/grpc-js does not have its HTTP/2 servers in `http2Servers`');
  }
  for (const server of servers.keys()) watch(server as Http2Server, listener);
}

function watch(server: Http2Server, listener: SessionListener): void {
  // Node makes the session of a socket in the turn in which it tells of the socket.
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
