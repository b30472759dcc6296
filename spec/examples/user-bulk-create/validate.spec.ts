import { expect } from 'chai';
import type { User } from '../../../examples/gen/users.ts';
import { defaultRules, reasons, validate } from '../../../examples/user-bulk-create/validate.ts';

const ada: User = { id: '1', name: 'Augusta', lastName: 'Lovelace', age: 36, email: 'ada@example.org' };
const against = (change: Partial<User>) => validate({ ...ada, ...change }, defaultRules);

describe('validate', () => {
  it('accepts a valid user, with or without an email', () => {
    expect(against({})).to.deep.equal([]);
    expect(against({ email: undefined })).to.deep.equal([]);
    expect(against({ email: '' })).to.deep.equal([]);
  });

  it('rejects a name of 3 characters, and accepts one of 4, however many bytes or code units it has', () => {
    expect(against({ name: 'Ada' })).to.deep.equal(['Name is too short']);
    expect(against({ name: '刘小明' })).to.deep.equal(['Name is too short']);
    expect(against({ name: '😀😀😀' })).to.deep.equal(['Name is too short']);
    expect(against({ name: 'Adam' })).to.deep.equal([]);
    expect(against({ name: '😀😀😀😀' })).to.deep.equal([]);
  });

  it('rejects the last names that are configured as taken, by default Phill', () => {
    expect(against({ lastName: 'Phill' })).to.deep.equal(['Last Name already taken']);
    const rules = { reservedLastNames: new Set(['Lovelace']) };
    expect(validate(ada, rules)).to.deep.equal(['Last Name already taken']);
    expect(validate({ ...ada, lastName: 'Phill' }, rules)).to.deep.equal([]);
  });

  it('rejects an email without a user, an at sign or a domain with a dot', () => {
    for (const email of [
      'ada',
      'ada@',
      '@example.org',
      'ada@example',
      'a da@example.org',
      'ada@exa@mple.org',
      'a@b..c',
    ]) {
      expect(against({ email }), email).to.deep.equal([reasons.emailMalformed]);
    }
    expect(against({ email: `${'a'.repeat(242)}@example.org` })).to.deep.equal([]);
    expect(against({ email: `${'a'.repeat(243)}@example.org` })).to.deep.equal([reasons.emailMalformed]);
  });

  it('accepts ages from 0 to 150', () => {
    expect(against({ age: -1 })).to.deep.equal([reasons.ageImpossible]);
    expect(against({ age: 0 })).to.deep.equal([]);
    expect(against({ age: 150 })).to.deep.equal([]);
    expect(against({ age: 151 })).to.deep.equal([reasons.ageImpossible]);
  });

  it('rejects text that the database would truncate', () => {
    expect(against({ id: 'a\0b' })).to.deep.equal([reasons.nulCharacter]);
    expect(against({ lastName: 'a\0b' })).to.deep.equal([reasons.nulCharacter]);
  });

  it('reports every reason, in the order of the protocol', () => {
    expect(against({ id: '', name: 'A\0', lastName: 'Phill', email: 'x', age: 999 })).to.deep.equal([
      'Name is too short',
      'Last Name already taken',
      'email is malformed',
      'age is impossible',
      'text contains a NUL character',
      'id is missing',
    ]);
  });
});
