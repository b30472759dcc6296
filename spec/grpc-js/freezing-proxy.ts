import { once } from 'node:events';
import net from 'node:net';

/** Stands before a server and can stop forwarding, both ways and without a word, as a dead machine or a forgotten NAT entry does. */
export interface FreezingProxy {
  readonly target: string;
  /** For the connections that there are, for ever. */
  freeze(): void;
  close(): Promise<void>;
}

export async function freezingProxy(port: number): Promise<FreezingProxy> {
  const sockets: net.Socket[] = [];
  const server = net.createServer({ noDelay: true }, near => {
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true });
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
    sockets.push(near, far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
