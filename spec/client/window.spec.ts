import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type Settings } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ClientOptions } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { close, connect } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';

describe('The window of a client', () => {
  let server: Http2Server;
  let target: string;

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  /** The window that a client announces to the server for a call. */
  async function windowOf(method: 'serverStream' | 'bidi', channelOptions: ClientOptions = {}): Promise<unknown> {
    const client = connect(Lab, target, { channelOptions });
    const session = once(server, 'session') as Promise<[ServerHttp2Session]>;
    const call = (method === 'bidi' ? client.bidi(NEVER) : client.serverStream({ n: 1 })).subscribe({
      error: () => {},
    });
    const [opened] = await session;
    const [settings] = (await once(opened, 'remoteSettings')) as [Settings];
    const closed = once(opened, 'close');
    call.unsubscribe();
    close(client);
    await closed;
    return settings.initialWindowSize;
  }

  it('is 192 KiB for streamed responses, and 65 KiB for the response to streamed requests', async () => {
    expect(await windowOf('serverStream')).to.equal(192 * 1024);
    expect(await windowOf('bidi')).to.equal(65 * 1024);
  });

  it('follows its options, for both', async () => {
    const channelOptions = { 'grpc-node.flow_control_window': 70_000 };
    expect(await windowOf('serverStream', channelOptions)).to.equal(70_000);
    expect(await windowOf('bidi', channelOptions)).to.equal(70_000);
  });
});
