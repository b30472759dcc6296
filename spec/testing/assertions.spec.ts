import { AssertionError } from 'node:assert';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Code, RpcError } from '../../lib/index.ts';
import { assertMetadata, assertStatus, type ExpectedMetadata } from '../../lib/testing.ts';
import { thrownBy } from '../support/record.ts';

const metadata = new Metadata();
metadata.add('one', 'a');
metadata.add('two', 'a');
metadata.add('two', 'b');
metadata.add('some-bin', Buffer.of(1, 2));
metadata.add('number', '97');
metadata.add('two-bin', Buffer.of(1));
metadata.add('two-bin', Buffer.of(2));

describe('assertMetadata', () => {
  const fitting: readonly ExpectedMetadata[] = [
    {},
    { one: 'a' },
    { one: ['a'] },
    { one: /^a$/ },
    { two: ['a', 'b'] },
    { two: 'a, b' },
    { two: /b$/ },
    { 'some-bin': Uint8Array.of(1, 2) },
    { 'some-bin': Buffer.of(1, 2) },
    { 'two-bin': [Uint8Array.of(1), Uint8Array.of(2)] },
    { none: undefined, 'none-bin': undefined },
    { none: [] },
    { ONE: 'a' },
  ];
  for (const expected of fitting) {
    it(`accepts ${JSON.stringify(expected, (_, value) => (value instanceof RegExp ? `${value}` : value))}`, () => {
      assertMetadata(metadata, expected);
    });
  }

  for (const [expected, message] of [
    [{ one: 'b' }, "one: expected 'b', got 'a'"],
    [{ one: ['a', 'b'] }, "one: expected [ 'a', 'b' ], got 'a'"],
    [{ one: /b/ }, "one: expected /b/, got 'a'"],
    [{ none: /.*/ }, 'none: expected /.*/, got undefined'],
    [{ none: '' }, "none: expected '', got undefined"],
    [{ one: undefined }, "one: expected undefined, got 'a'"],
    [{ two: 'a' }, "two: expected 'a', got [ 'a', 'b' ]"],
    [{ two: ['b', 'a'] }, "two: expected [ 'b', 'a' ], got [ 'a', 'b' ]"],
    [{ 'some-bin': Uint8Array.of(1) }, 'some-bin: expected <Buffer 01>, got <Buffer 01 02>'],
    [{ 'some-bin': '\u0001\u0002' }, "some-bin: expected '\\x01\\x02', got <Buffer 01 02>"],
    [{ number: Uint8Array.of(97) }, "number: expected <Buffer 61>, got '97'"],
    [
      { 'some-bin': [Uint8Array.of(1, 2), Uint8Array.of(3)] },
      'some-bin: expected [ <Buffer 01 02>, <Buffer 03> ], got <Buffer 01 02>',
    ],
    [{ one: Uint8Array.of(97) }, "one: expected <Buffer 61>, got 'a'"],
    [{ 'two-bin': Uint8Array.of(1) }, 'two-bin: expected <Buffer 01>, got [ <Buffer 01>, <Buffer 02> ]'],
  ] as const) {
    it(`fails with "${message}"`, () => {
      const error = thrownBy(() => assertMetadata(metadata, expected));
      expect(error).to.be.instanceOf(AssertionError);
      expect(error.message).to.equal(`the metadata is not as expected\n${message}`);
    });
  }

  it('has actual and expected of the differing keys only', () => {
    const error = thrownBy(() => assertMetadata(metadata, { one: 'x', two: ['a', 'b'], none: 'y' }));
    expect(error.actual).to.deep.equal({ one: 'a', none: undefined });
    expect(error.expected).to.deep.equal({ one: 'x', none: 'y' });
    expect(error.stack.split('\n').find((line: string) => line.includes(' at '))).to.include('assertions.spec.ts');
  });

  it('refuses what is not metadata', () => {
    for (const [given, kind] of [
      [undefined, 'undefined'],
      [{ one: 'a' }, 'an object (Object)'],
    ] as const) {
      const error = thrownBy(() => assertMetadata(given as never, { one: 'a' }));
      expect(error).to.be.instanceOf(AssertionError);
      expect(error.message).to.equal(`expected metadata, got ${kind}`);
    }
  });
});

describe('assertStatus', () => {
  const error = new RpcError(Code.NOT_FOUND, 'no user 5', { metadata, path: '/users.Users/Get' });
  const status = { code: Code.OK, details: '', metadata };

  it('accepts an error or a status with the code and the other expected parts', () => {
    assertStatus(error, { code: Code.NOT_FOUND });
    assertStatus(error, { code: Code.NOT_FOUND, details: 'no user 5', metadata: { one: 'a', none: undefined } });
    assertStatus(error, { code: Code.NOT_FOUND, details: /no user \d/ });
    assertStatus(Object.assign(new Error('x'), { code: 5, details: 'plain', metadata }), { code: Code.NOT_FOUND });
    assertStatus(status, { code: Code.OK, details: '' });
  });

  it('states what differs, with actual and expected, and keeps the error as its cause', () => {
    const expected = { code: Code.ABORTED, details: /^other/, metadata: { one: 'x', two: ['a', 'b'] } };
    const thrown = thrownBy(() => assertStatus(error, expected));
    expect(thrown).to.be.instanceOf(AssertionError);
    expect(thrown.message).to.equal(
      'the status NOT_FOUND: no user 5 is not as expected\n' +
        "code: expected 'ABORTED', got 'NOT_FOUND'\n" +
        "details: expected /^other/, got 'no user 5'\n" +
        "metadata one: expected 'x', got 'a'",
    );
    expect(thrown.actual).to.deep.equal({ code: 'NOT_FOUND', details: 'no user 5', 'metadata one': 'a' });
    expect(thrown.expected).to.deep.equal({ code: 'ABORTED', details: /^other/, 'metadata one': 'x' });
    expect(thrown.cause).to.equal(error);
    expect(thrown.stack.split('\n').find((line: string) => line.includes(' at '))).to.include('assertions.spec.ts');
  });

  for (const [expected, part] of [
    [{ code: Code.NOT_FOUND, details: '' }, 'details'],
    [{ code: Code.NOT_FOUND, details: 'no user' }, 'details'],
    [{ code: Code.OK }, 'code'],
    [{ code: Code.NOT_FOUND, metadata: { one: undefined } }, 'metadata one'],
  ] as const) {
    it(`rejects another ${part}: ${JSON.stringify(expected)}`, () => {
      expect(Object.keys(thrownBy(() => assertStatus(error, expected)).actual)).to.deep.equal([part]);
    });
  }

  it('refuses what is not a status, and keeps it as its cause', () => {
    const mine = new Error('mine');
    for (const [given, kind] of [
      [undefined, 'undefined'],
      [mine, 'an object (Error)'],
      [{ code: 5 }, 'an object (Object)'],
    ] as const) {
      const thrown = thrownBy(() => assertStatus(given, { code: Code.NOT_FOUND }));
      expect(thrown).to.be.instanceOf(AssertionError);
      expect(thrown.message).to.equal(`expected a status with NOT_FOUND, got ${kind}`);
      expect(thrown.cause).to.equal(given);
    }
  });
});
