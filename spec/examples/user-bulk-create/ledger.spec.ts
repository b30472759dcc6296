import { expect } from 'chai';
import { type Entry, faulty } from '../../../examples/user-bulk-create/entry.ts';
import { Ledger } from '../../../examples/user-bulk-create/ledger.ts';

const line = (n: number): Entry => ({
  ...{ line: n, text: `line ${n}`, fault: undefined, bytes: n * 10 },
  user: { id: `u${n}`, name: 'Johanna', lastName: 'Berg', age: 33, email: undefined },
});
const malformed = (n: number) => faulty(n, `line ${n}`, 'no');
const created = (n: number) => ({ userId: `u${n}`, success: true, errors: [], existed: false });

describe('Ledger', () => {
  let rejected: [number, ...string[]][];
  let ledger: Ledger;
  beforeEach(() => {
    rejected = [];
    ledger = new Ledger((entry, errors) => rejected.push([entry.line, ...errors]), 1);
  });

  it('settles lines in order: a malformed one waits for those before it', () => {
    expect([line(2), malformed(3), malformed(4), line(5)].map(entry => ledger.enter(entry))).to.deep.equal([
      ...[true, false, false, true],
    ]);
    expect(ledger.tally.line).to.equal(1);
    expect(rejected).to.deep.equal([]);
    ledger.settle(created(2));
    expect(ledger.tally.line).to.equal(4);
    expect(rejected).to.deep.equal([
      [3, 'malformed line: no'],
      [4, 'malformed line: no'],
    ]);
    ledger.settle(created(5));
    expect(ledger.tally).to.include({ line: 5, bytes: 50, sent: 2, created: 2, rejected: 2 });
    expect(ledger.waiting).to.equal(0);
  });

  it('settles a malformed line at once when nothing waits', () => {
    ledger.enter(malformed(2));
    expect(ledger.tally.line).to.equal(2);
  });

  it('counts created, existed and rejected, and a user with two reasons under both', () => {
    for (let n = 2; n <= 4; n++) ledger.enter(line(n));
    ledger.settle(created(2));
    ledger.settle({ ...created(3), existed: true });
    ledger.settle({ ...created(4), success: false, errors: ['short', 'old'] });
    expect(ledger.tally).to.include({ created: 1, existed: 1, rejected: 1 });
    expect([...ledger.tally.byReason]).to.deep.equal([
      ['short', 1],
      ['old', 1],
    ]);
    expect(rejected).to.deep.equal([[4, 'short', 'old']]);
  });

  it('refuses a result for a user other than the next, and one that nobody waits for', () => {
    ledger.enter(line(2));
    expect(() => ledger.settle(created(3))).to.throw('answered for user "u3" when "u2" was next');
    ledger.settle(created(2));
    expect(() => ledger.settle(created(2))).to.throw('answered for user "u2" when nothing was asked');
  });

  it('pauses the reader when too many lines wait, and resumes it when half are settled', async () => {
    ledger.enter(line(2));
    for (let n = 3; n <= 20_000; n++) ledger.enter(malformed(n));
    ledger.enter(line(20_001));
    await ledger.room();
    ledger.enter(malformed(20_002));
    let hasRoom = false;
    const room = ledger.room().then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).to.equal(false);
    ledger.settle(created(2));
    await room;
    expect(ledger.waiting).to.equal(2);
  });
});
