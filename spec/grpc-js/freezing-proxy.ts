import { once } from 'node:events';
import net from 'node:net';

/**
 * A proxy before a server that can stop forwarding, silently and in both directions, as a dead machine or a dropped NAT entry
 * does.
 */
export interface FreezingProxy {
  readonly target: string;
  /** Freezes the existing connections for good. */
  freeze(): void;
  /** Freezes after this many more packets in each direction. */
  passed(packets: number): Promise<void>;
  close(): Promise<void>;
}

export async function freezingProxy(port: number): Promise<FreezingProxy> {
  const sockets: net.Socket[] = [];
  const count = { forth: 0, back: 0 };
  const watchers = new Set<() => void>();
  const seen = (way: keyof typeof count) => () => {
    count[way]++;
    for (const look of watchers) look();
  };
  const server = net.createServer({ noDelay: true }, near => {
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true });
    near.on('data', seen('forth')).pipe(far);
    far.on('data', seen('back')).pipe(near);
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
    passed(packets) {
      const until = { forth: count.forth + packets, back: count.back + packets };
      return new Promise(resolve => {
        const look = () => {
          if (count.forth < until.forth || count.back < until.back) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
      });
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
