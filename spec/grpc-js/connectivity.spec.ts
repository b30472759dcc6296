import { connectivityState as grpcState } from '@grpc/grpc-js';
import { expect } from 'chai';
import type { Subscription } from 'rxjs';
import { type Channel, Connectivity } from '../../lib/grpc-js/connectivity.ts';
import { record } from '../support/record.ts';

type State = keyof typeof grpcState;

/** A Channel with states set by hand, and a list of its watchers. */
class FakeChannel {
  readonly watchers: { readonly from: grpcState; readonly changed: () => void }[] = [];
  asked = 0;
  #state: State = 'IDLE';

  get channel(): Channel {
    return this as unknown as Channel;
  }

  getConnectivityState(toConnect: boolean): grpcState {
    if (toConnect) this.asked++;
    return grpcState[this.#state];
  }

  watchConnectivityState(from: grpcState, _deadline: unknown, changed: () => void): void {
    if (this.#state === 'SHUTDOWN') throw new Error('Channel has been shut down');
    this.watchers.push({ from, changed });
  }

  /** Like grpc-js, also to the current state. */
  become(state: State): void {
    this.#state = state;
    for (const watcher of [...this.watchers]) {
      if (watcher.from === grpcState[state]) continue;
      this.watchers.splice(this.watchers.indexOf(watcher), 1);
      watcher.changed();
    }
  }
}

describe('Connectivity', () => {
  const withChannels = (count: number) => {
    const channels = Array.from({ length: count }, () => new FakeChannel());
    const connectivity = new Connectivity();
    for (const { channel } of channels) connectivity.add(channel);
    return { channels, connectivity };
  };

  it('emits the current state, and then each one that differs from the previous one', () => {
    const { channels, connectivity } = withChannels(1);
    const { values, subscription } = record(connectivity.state$);
    const states: State[] = ['CONNECTING', 'CONNECTING', 'TRANSIENT_FAILURE', 'CONNECTING', 'READY', 'READY', 'IDLE'];
    for (const state of states) channels[0]!.become(state);
    expect(values).to.deep.equal(['IDLE', 'CONNECTING', 'TRANSIENT_FAILURE', 'CONNECTING', 'READY', 'IDLE']);
    expect(record(connectivity.state$).values).to.deep.equal(['IDLE']);
    subscription.unsubscribe();
  });

  it('does not make a channel connect', () => {
    const { channels, connectivity } = withChannels(2);
    record(connectivity.state$);
    expect(channels.map(({ asked }) => asked)).to.deep.equal([0, 0]);
  });

  it('is the best state of several channels, and IDLE without one; channels may be added', () => {
    const connectivity = new Connectivity();
    const { values } = record(connectivity.state$);
    const [a, b] = [new FakeChannel(), new FakeChannel()];
    connectivity.add(a.channel);
    a.become('CONNECTING');
    a.become('TRANSIENT_FAILURE');
    connectivity.add(b.channel);
    b.become('CONNECTING');
    b.become('READY');
    a.become('READY');
    b.become('IDLE');
    a.become('IDLE');
    expect(values).to.deep.equal(['IDLE', 'CONNECTING', 'TRANSIENT_FAILURE', 'CONNECTING', 'READY', 'IDLE']);
  });

  it('prefers READY to CONNECTING to TRANSIENT_FAILURE to IDLE, whichever channel has it', () => {
    const order: State[] = ['READY', 'CONNECTING', 'TRANSIENT_FAILURE', 'IDLE'];
    for (const [i, better] of order.entries()) {
      for (const worse of order.slice(i)) {
        for (const states of [
          [better, worse],
          [worse, better],
        ]) {
          const { channels, connectivity } = withChannels(2);
          for (const [at, state] of states.entries()) channels[at]!.become(state);
          expect(record(connectivity.state$).values, `${states}`).to.deep.equal([better]);
        }
      }
    }
  });

  it('completes with SHUTDOWN, also for late subscribers, and watches nothing afterwards', async () => {
    const { channels, connectivity } = withChannels(2);
    const early = record(connectivity.state$);
    connectivity.shutDown();
    const late = record(connectivity.state$);
    expect(await Promise.all([early.ending, late.ending])).to.deep.equal([{}, {}]);
    expect([early.values, late.values]).to.deep.equal([['IDLE', 'SHUTDOWN'], ['SHUTDOWN']]);
    for (const channel of channels) channel.become('CONNECTING');
    expect(channels.map(({ watchers }) => watchers.length)).to.deep.equal([0, 0]);
  });

  it('completes with SHUTDOWN when its only channel is closed by its owner', async () => {
    const { channels, connectivity } = withChannels(1);
    const { values, ending } = record(connectivity.state$);
    channels[0]!.become('SHUTDOWN');
    expect(await ending).to.deep.equal({});
    expect(values).to.deep.equal(['IDLE', 'SHUTDOWN']);
    expect(record(connectivity.state$).values).to.deep.equal(['SHUTDOWN']);
    expect(channels[0]!.watchers).to.have.lengthOf(0);
  });

  it('leaves at most one watcher on a channel, however many subscribers come and go', () => {
    const { channels, connectivity } = withChannels(2);
    const most = () => Math.max(...channels.map(({ watchers }) => watchers.length));
    const subscriptions: Subscription[] = [];
    for (let i = 0; i < 1000; i++) {
      record(connectivity.state$).subscription.unsubscribe();
      expect(most()).to.be.at.most(1);
    }
    for (let i = 0; i < 1000; i++) subscriptions.push(record(connectivity.state$).subscription);
    expect(most()).to.equal(1);
    channels[0]!.become('CONNECTING');
    expect(most()).to.equal(1);
    for (const subscription of subscriptions) subscription.unsubscribe();
    for (const channel of channels) channel.become('READY');
    expect(most(), 'nobody listens').to.equal(0);
  });

  it('emits each state to all subscribers, though one leaves, subscribes or closes it meanwhile', async () => {
    const { channels, connectivity } = withChannels(1);
    const first = record(connectivity.state$);
    const leaving = connectivity.state$.subscribe(state => state === 'CONNECTING' && leaving.unsubscribe());
    const coming: string[][] = [];
    connectivity.state$.subscribe(state => {
      if (state === 'CONNECTING') coming.push(record(connectivity.state$).values);
      if (state === 'READY') connectivity.shutDown();
    });
    const last = record(connectivity.state$);
    channels[0]!.become('CONNECTING');
    channels[0]!.become('READY');
    await Promise.all([first.ending, last.ending]);
    expect(first.values).to.deep.equal(['IDLE', 'CONNECTING', 'READY', 'SHUTDOWN']);
    expect(last.values.at(-1)).to.equal('SHUTDOWN');
    expect(coming[0]).to.deep.equal(['CONNECTING', 'SHUTDOWN']);
  });
});
