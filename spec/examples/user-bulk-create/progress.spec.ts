import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { Ledger } from '../../../examples/user-bulk-create/ledger.ts';
import { progressLine, Rate, showProgress } from '../../../examples/user-bulk-create/progress.ts';

const tallyOf = (sent: number, created: number, rejected: number, bytes: number) =>
  Object.assign(new Ledger(() => {}).tally, { sent, created, rejected, bytes });

describe('progressLine', () => {
  it('shows the sent, created and rejected users, and the rate', () => {
    expect(progressLine(tallyOf(2000, 1400, 100, 5), new Rate(0), undefined, 1000)).to.equal(
      'sent 2,000  created 1,400  rejected 100  1,500/s',
    );
  });

  it('shows the remaining time when the size is known, by the settled bytes', () => {
    expect(progressLine(tallyOf(10, 10, 0, 250), new Rate(0), 1000, 1000)).to.match(/ {2}3 s left$/);
    expect(progressLine(tallyOf(10, 0, 0, 0), new Rate(0), 1000, 1000)).not.to.contain('left');
  });

  it('uses the rate of the last five seconds, not of the whole run', () => {
    const rate = new Rate(0);
    for (let second = 1; second <= 20; second++)
      progressLine(tallyOf(0, second * 10, 0, 0), rate, undefined, second * 1000);
    for (let second = 21; second <= 30; second++) {
      progressLine(tallyOf(0, 200 + (second - 20) * 1000, 0, 0), rate, undefined, second * 1000);
    }
    expect(progressLine(tallyOf(0, 10_200, 0, 0), rate, undefined, 30_000)).to.contain('1,000/s');
  });
});

describe('showProgress', () => {
  const terminal = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY, columns: 200 }) as never;
  // Since Node 26, read() without a size joins several writes.
  const written = (out: PassThrough) => String(out.read(out.readableLength));

  it('draws a bar on a terminal that is full when all bytes are settled', () => {
    const out = terminal(true) as PassThrough;
    showProgress(tallyOf(10, 10, 0, 1000), 1000, 60_000, out as never)();
    expect(written(out)).to.match(/={24} 100% {2}sent 10/);
  });

  it('draws no bar when the size is unknown', () => {
    const out = terminal(true) as PassThrough;
    showProgress(tallyOf(10, 10, 0, 1000), undefined, 60_000, out as never)();
    expect(written(out)).to.contain('sent 10').and.not.to.contain('%');
  });

  it('prints lines without a terminal, and none after its end', async () => {
    const out = terminal(false) as PassThrough;
    const end = showProgress(tallyOf(10, 10, 0, 1000), 1000, 1, out as never);
    const hold = setTimeout(() => {}, 10_000); // its own timer does not keep the program running
    const [line] = await new Promise<Buffer[]>(resolve => out.once('data', (...args) => resolve(args)));
    clearTimeout(hold);
    end();
    expect(String(line)).to.match(/^sent 10 {2}created 10 {2}rejected 0 {2}.*\n$/);
  });
});
