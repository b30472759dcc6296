import { expect } from 'chai';
import { isServerCall } from '../../lib/core/server-call.ts';
import { methodsOf } from '../../lib/core/service.ts';
import { checkOptions, isPlainObject, kindOf } from '../../lib/core/validate.ts';
import { Lab } from '../support/lab.ts';
import { thrownBy } from '../support/record.ts';

describe('methodsOf', () => {
  it('names each method with a lowercase first letter', () => {
    const methods = methodsOf({ CreateUser: Lab.bidi, URL: Lab.unary });
    expect(methods.map(([name]) => name)).to.deep.equal(['createUser', 'uRL']);
  });

  it('refuses anything but a service', () => {
    for (const service of [undefined, null, {}, 5, () => {}, { a: 5 }, { a: null }, { a: { path: '/x' } }, []]) {
      const error = thrownBy(() => methodsOf(service as never));
      expect(error).to.be.an.instanceOf(TypeError);
      expect(error.message).to.match(/expected a service/);
    }
  });
});

describe('checkOptions', () => {
  it('names an unknown option, and lists the existing ones', () => {
    expect(thrownBy(() => checkOptions('f', { timeout: 1 }, ['timeoutMs'])).message).to.match(/"timeout".*timeoutMs/);
    checkOptions('f', { timeoutMs: 1 }, ['timeoutMs']);
    checkOptions('f', Object.create(null), []);
  });

  it('refuses anything but a plain object', () => {
    for (const options of [null, undefined, 5, 'x', [], new Date(), () => {}]) {
      expect(thrownBy(() => checkOptions('f', options, []))).to.be.an.instanceOf(TypeError);
    }
  });
});

describe('kindOf', () => {
  it('describes a value', () => {
    expect([undefined, null, 5, 'x', new Date(0), {}, Object.create(null), () => {}, 5n].map(kindOf)).to.deep.equal([
      'undefined',
      'null',
      'number "5"',
      'string "x"',
      'an object (Date)',
      'an object (Object)',
      'an object (without prototype)',
      'a function',
      'bigint "5"',
    ]);
  });
});

describe('isServerCall, isPlainObject', () => {
  it('accept nothing else', () => {
    for (const value of [undefined, null, 5, {}, 'x']) expect(isServerCall(value)).to.equal(false);
    for (const value of [undefined, null, 5, [], new Map()]) expect(isPlainObject(value)).to.equal(false);
  });
});
