import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import { lastValueFrom, NEVER } from 'rxjs';
import { close, connect, implement, serve, state$ } from '../../lib/index.ts';
import { callOf, type LabClient } from '../support/bench.ts';
import { Lab, shapes } from '../support/lab.ts';
import { settled } from '../support/settled.ts';

/** A port of this machine without a listener. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as net.AddressInfo;
  await once(server.close(), 'close');
  return port;
}

describe('A client that is closed in the turn of', () => {
  const beginnings: Record<string, (client: LabClient) => unknown> = {
    'its first call': client => {
      for (const shape of shapes) callOf(client, shape, NEVER).subscribe({ error: () => {} });
    },
    'its first subscription to state$ with connect: true': client => state$(client, { connect: true }).subscribe(),
  };

  for (const [name, begin] of Object.entries(beginnings)) {
    it(`${name} does not affect the next client of its address, if a server listens by then`, async () => {
      const port = await freePort();
      const target = `http://127.0.0.1:${port}`;
      const client = connect(Lab, target);
      begin(client);
      close(client);
      await settled(() => 0);
      // The refusal of this connection comes after that of the client's.
      await once(net.connect(port, '127.0.0.1'), 'connect').catch(() => {});
      const server = await serve(target, implement.partial(Lab, { unary: request$ => request$ }));
      const next = connect(Lab, target);
      expect(await lastValueFrom(next.unary({ n: 1 }))).to.deep.equal({ n: 1 });
      close(next);
      await server.shutdown();
    });
  }
});
