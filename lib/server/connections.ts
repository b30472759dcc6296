import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isIP, type Socket } from 'node:net';

/** Where Node tells of each connection that any server of this process has accepted. */
const ACCEPTED = 'net.server.socket';

/**
 * The TCP connections of one server. grpc-js ends its side of a connection and then waits for the peer to end the other, which
 * keeps the process alive as long as the peer likes; nothing that it offers closes them.
 */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #isOurs: (socket: Socket) => boolean;

  /** @param target `host:port` as bound. Where the host is a name other than localhost, or there is a path, it finds none. */
  constructor(target: string) {
    this.#isOurs = isBoundTo(target);
    subscribe(ACCEPTED, this.#accept);
  }

  /** To be called when the server has stopped listening: another one may listen there now. */
  stopTracking(): void {
    unsubscribe(ACCEPTED, this.#accept);
  }

  /** Closes each connection whose server has said its last so long ago, and whose peer still has not closed it. */
  closeAfter(lingerMs: number): void {
    for (const socket of this.#open) {
      const linger = () => {
        const timer = setTimeout(() => socket.destroy(), lingerMs).unref(); // the socket is what keeps it waited for
        socket.once('close', () => clearTimeout(timer)); // it holds all that hangs on the socket
      };
      if (socket.writableFinished) linger();
      else socket.once('finish', linger);
    }
  }

  /** Closes all at once. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  readonly #accept = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    if (!this.#isOurs(socket)) return;
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  };
}

/** Another server of this process may have the same port at another address. */
function isBoundTo(target: string): (socket: Socket) => boolean {
  const [, name = '', port] = /^(?:dns:|ipv4:|ipv6:)?\/*\[?(.*?)\]?:(\d+)$/.exec(target) ?? [];
  const host = name.toLowerCase();
  const isHost = (address: string): boolean => {
    if (host === 'localhost') return address === '::1' || address.startsWith('127.');
    return isIP(host) !== 0 && (host === '0.0.0.0' || /^[0:]+$/.test(host) || address === host);
  };
  return ({ localPort, localAddress = '' }) =>
    localPort === Number(port) && isHost(localAddress.replace(/^::ffff:/, ''));
}
