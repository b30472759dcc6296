import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import { Connections } from '../../lib/grpc-js/shutdown.ts';

const accepted = channel('net.server.socket');

describe('Connections', () => {
  const isFound = (target: string, address: string, port = 5000): boolean => {
    const connections = new Connections(target);
    const socket = Object.defineProperties(new net.Socket(), {
      localAddress: { value: address },
      localPort: { value: port },
    });
    accepted.publish({ socket });
    connections.stopTracking();
    connections.close();
    const found = socket.destroyed;
    socket.destroy();
    return found;
  };

  it('are those to the address and port that a server is bound to', () => {
    for (const [target, address] of [
      ['127.0.0.1:5000', '127.0.0.1'],
      ['127.0.0.1:5000', '::ffff:127.0.0.1'],
      ['ipv4:127.0.0.1:5000', '127.0.0.1'],
      ['0.0.0.0:5000', '192.168.1.5'],
      ['[::]:5000', '::ffff:192.168.1.5'],
      ['[::]:5000', 'fe80::1'],
      ['ipv6:[::1]:5000', '::1'],
      ['localhost:5000', '127.0.0.1'],
      ['LOCALHOST:5000', '::1'],
      ['dns:localhost:5000', '127.0.0.1'],
      ['dns:///localhost:5000', '::1'],
    ] as const) {
      expect(isFound(target, address), `${target}, ${address}`).to.equal(true);
      expect(isFound(target, address, 5001), `${target}, another port`).to.equal(false);
    }
    for (const [target, address] of [
      ['127.0.0.1:5000', '127.0.0.2'],
      ['192.168.1.5:5000', '127.0.0.1'],
      ['[::1]:5000', '127.0.0.1'],
      ['localhost:5000', '192.168.1.5'],
      ['some.host:5000', '127.0.0.1'],
      ['unix:/run/x', ''],
    ] as const) {
      expect(isFound(target, address), `${target}, ${address}`).to.equal(false);
    }
  });

  /** A server, and a peer of it that reads but does not close after the server has. */
  const pair = async () => {
    const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const connections = new Connections(`127.0.0.1:${port}`);
    const peer = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume();
    const [socket] = (await once(server, 'connection')) as [net.Socket];
    socket.on('error', () => {});
    peer.on('error', () => {});
    await new Promise(setImmediate); // Node reports it after the server
    return { server, connections, peer, socket };
  };

  it('are closed by closeAfter() when their server has ended them and the peer has not, in either order', async () => {
    for (const isEndedBefore of [true, false]) {
      const { server, connections, peer, socket } = await pair();
      if (isEndedBefore) await once(socket.end(), 'finish');
      connections.stopTracking();
      connections.closeAfter(10);
      if (!isEndedBefore) socket.end();
      await once(socket, 'close');
      peer.destroy();
      await once(server.close(), 'close');
    }
  });

  it('are not closed while their server still has data to send, unless all are closed', async () => {
    const { server, connections, peer, socket } = await pair();
    connections.stopTracking();
    connections.closeAfter(0);
    await new Promise(resolve => setTimeout(resolve, 0));
    await new Promise(setImmediate);
    expect(socket.destroyed).to.equal(false);
    connections.close();
    expect(socket.destroyed).to.equal(true);
    peer.destroy();
    await once(server.close(), 'close');
  });

  it('are tracked only until the server stops listening', async () => {
    const { server, connections, peer, socket } = await pair();
    connections.stopTracking();
    expect(accepted.hasSubscribers).to.equal(false);
    const { port } = server.address() as net.AddressInfo;
    const later = net.connect(port, '127.0.0.1');
    const [second] = (await once(server, 'connection')) as [net.Socket];
    await new Promise(setImmediate);
    connections.close();
    expect([socket.destroyed, second.destroyed]).to.deep.equal([true, false]);
    for (const each of [peer, later, second]) each.destroy();
    await once(server.close(), 'close');
  });
});
