import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom, NEVER, of } from 'rxjs';
import { Code, close, connect } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };

describe('connect', () => {
  const bench = useBench();

  it('opens no connection before a call is subscribed to', () => {
    const client = connect(Lab, 'http://127.0.0.1:1');
    client.bidi(of(note));
    close(client);
  });

  it('fails calls with UNAVAILABLE without a listener; with waitForReady they wait until the deadline', async () => {
    const { server } = await bench.run({});
    const client = bench.connect(server);
    await server.shutdown();
    for (const shape of shapes) {
      expect(await errorOf(callOf(client, shape, of(note)))).to.include({ code: Code.UNAVAILABLE });
    }
    const waiting = errorOf(client.unary(note, { waitForReady: true, timeoutMs: 100 }));
    expect(await waiting).to.include({ code: Code.DEADLINE_EXCEEDED });
  });

  it('refuses invalid addresses, missing arguments and unknown options, and names them', () => {
    for (const [target, options, message] of [
      ['127.0.0.1:3000', {}, /http:\/\/.*credentials/],
      ['unix:/run/x', {}, /http:\/\/.*credentials/],
      ['http://h/path', {}, /host and a port/],
      ['', {}, /address/],
      [undefined, {}, /expected an address/],
      [5, {}, /expected an address/],
      [{}, {}, /expected an address/],
      ['http://h', { credentials: credentials.createInsecure() }, /plaintext/],
      ['http://h', { tls: {} }, /plaintext/],
      ['https://h', { tls: {}, credentials: credentials.createInsecure() }, /not both/],
      ['h:1', { credentials: 5 }, /ChannelCredentials/],
      ['http://h', null, /plain object/],
      ['http://h', { maxQueuedByte: 5 }, /no option "maxQueuedByte"/],
      ['http://h', { maxQueuedBytes: 'x' }, /maxQueuedBytes/],
    ] as const) {
      const error = thrownBy(() => connect(Lab, target as string, options as never));
      expect([TypeError, RangeError]).to.include(error.constructor);
      expect(error.message).to.match(message);
    }
    expect(thrownBy(() => connect({} as never, 'http://h')).message).to.match(/expected a service/);
  });

  it('accepts a bare target with credentials', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const client = connect(Lab, `127.0.0.1:${server.port}`, { credentials: credentials.createInsecure() });
    expect(await firstValueFrom(client.unary(note))).to.deep.equal(note);
    close(client);
  });

  for (const kind of ['Client', 'Channel']) {
    it(`uses a grpc-js ${kind} as it is, and leaves it open`, async () => {
      const { server } = await bench.run(inAllShapes(request$ => request$));
      const grpc = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
      bench.onEnd(() => grpc.close());
      const target = kind === 'Client' ? grpc : grpc.getChannel();
      const client = connect(Lab, target);
      for (const shape of shapes) expect(await firstValueFrom(callOf(client, shape, of(note)))).to.deep.equal(note);
      close(client);
      expect(await errorOf(client.unary(note))).to.include({ code: Code.CANCELLED });
      expect(await firstValueFrom(connect(Lab, target).unary(note))).to.deep.equal(note);
    });
  }
});

describe('A closed client', () => {
  const bench = useBench();

  it('refuses calls with CANCELLED, and ignores a second close', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    close(client);
    close(client);
    for (const shape of shapes) {
      expect(await errorOf(callOf(client, shape, NEVER))).to.include({ code: Code.CANCELLED, path: Lab[shape].path });
    }
  });

  it('has released its connections while the server still runs', async () => {
    const { client, server } = await bench.run(inAllShapes(request$ => request$));
    const sockets = () => process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap').length;
    for (const shape of shapes) await record(callOf(client, shape, of(note))).ending;
    expect(sockets()).to.be.at.least(2); // one per size of the retry buffer
    close(client);
    while (sockets() > 0) await new Promise(resolve => setImmediate(resolve));
    expect(server.port).to.be.greaterThan(0);
  });

  it('may also be closed by using or await using', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    for (const dispose of [Symbol.dispose, Symbol.asyncDispose] as const) {
      const client: any = bench.connect(server);
      expect((await record(client.unary(note)).ending).error).to.equal(undefined);
      await client[dispose]();
      expect(await errorOf(client.unary(note))).to.include({ code: Code.CANCELLED });
    }
  });

  it('must be a client: anything else is refused', () => {
    for (const value of [{}, Lab]) expect(thrownBy(() => close(value))).to.be.an.instanceOf(TypeError);
  });
});
