import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { filter, firstValueFrom, NEVER, of, type Subscription } from 'rxjs';
import type { Channel } from '../../lib/grpc-js/connectivity.ts';
import { type ConnectivityState, close, connect, implement, serve, state$ } from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };
const echo = inAllShapes(request$ => request$);

describe('state$', () => {
  const bench = useBench();

  const becomes = (client: object, state: ConnectivityState) =>
    firstValueFrom(state$(client).pipe(filter(now => now === state)));

  it('emits the states of the connection: opened by the first call, lost, opened again, closed; no state twice in a row', async () => {
    const { client, server } = await bench.run(echo);
    const early = record(state$(client));
    expect(early.values).to.deep.equal(['IDLE']);
    await record(client.unary(note)).ending;
    await becomes(client, 'READY');
    expect(record(state$(client)).values, 'for who comes later').to.deep.equal(['READY']);
    await server.shutdown();
    await becomes(client, 'IDLE');
    const again = await serve(server.target, implement.partial(Lab, echo));
    bench.onEnd(() => again.shutdown({ graceMs: 0 }));
    await record(client.unary(note)).ending;
    await becomes(client, 'READY');
    close(client);
    expect(await early.ending).to.deep.equal({});
    expect(early.values).to.deep.equal(['IDLE', 'CONNECTING', 'READY', 'IDLE', 'CONNECTING', 'READY', 'SHUTDOWN']);
    expect(record(state$(client)).values).to.deep.equal(['SHUTDOWN']);
  });

  it('emits failure without a listener, and success once there is one', async () => {
    const { client, server } = await bench.run(echo);
    await server.shutdown();
    const { values } = record(state$(client, { connect: true }));
    await becomes(client, 'TRANSIENT_FAILURE');
    expect(values).to.deep.equal(['CONNECTING', 'TRANSIENT_FAILURE']);
    const again = await serve(server.target, implement.partial(Lab, echo));
    bench.onEnd(() => again.shutdown({ graceMs: 0 }));
    await record(client.unary(note, { waitForReady: true })).ending;
    expect(values.at(-1)).to.equal('READY');
  });

  it('connects when it is subscribed to with connect: true, and not before', async () => {
    const { client } = await bench.run(echo);
    const connecting$ = state$(client, { connect: true });
    expect(record(state$(client)).values).to.deep.equal(['IDLE']);
    expect(await firstValueFrom(connecting$.pipe(filter(state => state === 'READY')))).to.equal('READY');
  });

  it('is READY for a client of two connections while one of them is, and is not affected by the second', async () => {
    const { client } = await bench.run(inAllShapes(() => NEVER));
    const { values } = record(state$(client));
    client.unary(note).subscribe({ error: () => {} });
    await becomes(client, 'READY');
    client.bidi(NEVER).subscribe({ error: () => {} });
    await record(client.bidi(NEVER, { timeoutMs: 50 })).ending;
    expect(values).to.deep.equal(['IDLE', 'CONNECTING', 'READY']);
    close(client);
    expect(values.at(-1)).to.equal('SHUTDOWN');
  });

  it('emits the same states to many subscribers', async () => {
    const { client } = await bench.run(echo);
    const all = Array.from({ length: 200 }, () => record(state$(client)));
    for (const shape of shapes) await record(callOf(client, shape, of(note))).ending;
    close(client);
    for (const { values, ending } of all) {
      await ending;
      expect(values).to.deep.equal(['IDLE', 'CONNECTING', 'READY', 'SHUTDOWN']);
    }
  });

  describe('of a grpc-js Channel that the application owns', () => {
    /** Counts the watchers of the channel. */
    const watched = (target: string): { channel: Channel; watchers: () => number; client: LabClient } => {
      const grpc = new Client(target, credentials.createInsecure());
      bench.onEnd(() => grpc.close());
      let watchers = 0;
      const channel = new Proxy(grpc.getChannel(), {
        get: (real: any, key) => {
          if (key !== 'watchConnectivityState') return real[key]?.bind(real);
          return (state: unknown, deadline: unknown, changed: () => void) => {
            watchers++;
            real.watchConnectivityState(state, deadline, () => {
              watchers--;
              changed();
            });
          };
        },
      }) as Channel;
      return { channel, watchers: () => watchers, client: connect(Lab, channel) };
    };

    it('leaves at most one watcher on it, though a thousand subscribers come and go', async () => {
      const { server } = await bench.run(echo);
      const { client, watchers } = watched(`127.0.0.1:${server.port}`);
      for (let i = 0; i < 1000; i++) record(state$(client)).subscription.unsubscribe();
      expect(watchers()).to.equal(1);
      const subscriptions: Subscription[] = [];
      for (let i = 0; i < 1000; i++) subscriptions.push(record(state$(client)).subscription);
      expect(watchers()).to.equal(1);
      await record(client.unary(note)).ending;
      await becomes(client, 'READY');
      expect(watchers()).to.equal(1);
      for (const subscription of subscriptions) subscription.unsubscribe();
      await server.shutdown();
      while (watchers() > 0) await new Promise(setImmediate); // removed by the change, since nobody listens
    });

    it('completes with SHUTDOWN when its owner closes it, or when the client is closed, which leaves it open', async () => {
      const { server } = await bench.run(echo);
      const { client, channel } = watched(`127.0.0.1:${server.port}`);
      const other = connect(Lab, channel);
      const [ours, others] = [record(state$(client)), record(state$(other))];
      close(client);
      expect(await ours.ending).to.deep.equal({});
      expect(ours.values).to.deep.equal(['IDLE', 'SHUTDOWN']);
      expect(await errorOf(other.unary(note))).to.equal(undefined);
      await becomes(other, 'READY');
      channel.close();
      expect(await others.ending).to.deep.equal({});
      expect(others.values).to.deep.equal(['IDLE', 'CONNECTING', 'READY', 'SHUTDOWN']);
    });

    it('connects it when asked to', async () => {
      const { server } = await bench.run(echo);
      const { client } = watched(`127.0.0.1:${server.port}`);
      await firstValueFrom(state$(client, { connect: true }).pipe(filter(state => state === 'READY')));
    });
  });

  it('requires a client', () => {
    for (const value of [{}, Lab]) expect(thrownBy(() => state$(value))).to.be.an.instanceOf(TypeError);
  });
});
