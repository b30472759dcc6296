import { expect } from 'chai';
import type { Entry } from '../../../examples/user-bulk-create/entry.ts';
import { badKinds, generateUsers } from '../../../examples/user-bulk-create/generate-users.ts';
import { readUsers } from '../../../examples/user-bulk-create/read-users.ts';
import { defaultRules, validate } from '../../../examples/user-bulk-create/validate.ts';

const generate = (...args: Parameters<typeof generateUsers>) => [...generateUsers(...args)].join('');

describe('generateUsers', () => {
  it('produces the same bytes for the same seed, and others for another', () => {
    expect(generate(2000, 7, 10)).to.equal(generate(2000, 7, 10));
    expect(generate(2000, 8, 10)).to.not.equal(generate(2000, 7, 10));
  });

  it('has exactly as many users as requested, and of each bad kind as many as configured', async () => {
    const entries: Entry[] = [];
    async function* chunks() {
      yield Buffer.from(generate(3000, 1, 17));
    }
    for await (const some of readUsers(chunks(), 'csv')) entries.push(...some);
    expect(entries).to.have.length(3000);

    const users = entries.flatMap(({ user }) => user ?? []);
    const found = users.flatMap(user => validate(user, defaultRules));
    const times = (reason: string) => found.filter(other => other === reason).length;
    expect(3000 - users.length, 'malformed').to.equal(17);
    expect(times('Name is too short')).to.equal(17);
    expect(times('Last Name already taken')).to.equal(17);
    expect(times('email is malformed')).to.equal(17);
    expect(times('age is impossible')).to.equal(17);
    expect(users.length - new Set(users.map(({ id }) => id)).size, 'taken ids').to.equal(17);
    expect(found).to.have.length(4 * 17);
  });

  it('starts with a good user even when nearly all are bad, and refuses when all would be', () => {
    const text = generate(badKinds.length + 1, 3, 1);
    expect(text.split('\n')[1]).to.match(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12},[^,]{4,},/);
    expect(() => generate(badKinds.length, 3, 1)).to.throw(RangeError, 'do not fit');
  });

  it('produces its text in pieces, however many users', () => {
    const sizes = [...generateUsers(20_000, 1, 0)].map(piece => piece.length);
    expect(sizes.length).to.be.greaterThan(10);
    expect(Math.max(...sizes)).to.be.lessThan(66_000);
  });
});
