import { expect } from 'chai';
import { Subject } from 'rxjs';
import { Gate } from '../../lib/backpressure/gate.ts';
import { DirectionStats } from '../../lib/call/direction-stats.ts';
import { writeMessages } from '../../lib/call/write-messages.ts';
import { pull } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';
import { FakeWritable } from './support/fake-writable.ts';

/** A DirectionStats, and what its listener received. */
function listening() {
  const heard: (string | undefined)[] = [];
  const meter: DirectionStats = new DirectionStats({ changed: ({ waitsFor }) => heard.push(waitsFor) });
  return { meter, heard };
}

const start = (source$: Parameters<typeof writeMessages<number>>[0], stream: FakeWritable, meter: DirectionStats) =>
  writeMessages(source$, stream.asStream, {
    encode: () => new Uint8Array(1),
    stats: meter,
    complete: () => {},
    error: () => {},
  });

describe('DirectionStats', () => {
  it('reports a pause once, whatever happens between its start and end', () => {
    const { meter, heard } = listening();
    meter.pause(() => 'demand');
    meter.pause(() => 'demand');
    meter.resume();
    meter.resume();
    expect(heard).to.deep.equal(['demand', undefined]);
  });

  it('has the time of the last movement while it waits', () => {
    const { meter } = listening();
    expect(meter.waitsSince).to.equal(undefined);
    const before = Date.now();
    meter.pause(() => 'wire');
    expect(meter.waitsSince!.getTime()).to.be.within(before, Date.now());
    meter.resume();
    expect(meter.waitsSince).to.equal(undefined);
  });

  it('of an outbound stream counts the messages passed to it, and pauses while its source waits', () => {
    const { meter, heard } = listening();
    const stream = new FakeWritable();
    const sending = start(pull(new Counted(16)), stream, meter);
    expect(meter).to.include({ messages: 12, waitsFor: 'wire' });
    stream.take(1);
    expect(meter).to.include({ messages: 13, waitsFor: 'wire' });
    stream.take(12);
    expect(meter).to.include({ messages: 16, waitsFor: undefined });
    expect(heard).to.deep.equal(['wire', undefined]);
    sending.stop();
  });

  it('of an outbound stream is not paused by a source that cannot wait', () => {
    const { meter, heard } = listening();
    const source$ = new Subject<number>();
    const sending = start(source$, new FakeWritable(), meter);
    for (let n = 0; n < 30; n++) source$.next(n);
    expect(meter).to.include({ messages: 12, waitsFor: undefined });
    expect(sending.queuedBytes).to.equal(18 * 64);
    expect(heard).to.deep.equal([]);
    sending.stop();
  });

  it('ends the pause when the waiter has unsubscribed', () => {
    const { meter } = listening();
    const undo = new Gate(() => false, meter).onReady(() => {});
    expect(meter.waitsFor).to.equal('wire');
    undo();
    expect(meter.waitsFor).to.equal(undefined);
  });
});
