import { once } from 'node:events';
import net from 'node:net';
import { frame, headerBlock, SETTINGS } from './raw-peer.ts';

/**
 * A client of a bare socket and frames. It reads nothing, and can end its one call, stream 1, in ways that Node's HTTP/2 cannot.
 */
export interface RawClient {
  readonly socket: net.Socket;
  send(...frames: readonly Buffer[]): void;
}

/** Opens a call of the Lab service on stream 1. */
export async function rawClient(port: number, method: string): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': `/lab.Lab/${method}`,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.concat([preface, frame(SETTINGS, 0, 0), headerBlock(1, fields, false)]));
  return { socket, send: (...frames) => socket.write(Buffer.concat(frames)) };
}
