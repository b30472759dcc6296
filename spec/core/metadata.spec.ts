import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { checkSendable, sendable, toMetadata } from '../../lib/core/metadata.ts';
import { thrownBy } from '../support/record.ts';

describe('toMetadata', () => {
  it('accepts texts, bytes, and lists of them', () => {
    const metadata = toMetadata({ a: 'x', b: ['y', 'z'], 'c-bin': new Uint8Array([1, 2]) });
    expect(metadata.getMap()).to.deep.include({ a: 'x' });
    expect(metadata.get('b')).to.deep.equal(['y', 'z']);
    expect(metadata.get('c-bin')).to.deep.equal([Buffer.from([1, 2])]);
  });

  it('copies a Metadata with its options, and returns an empty one for undefined', () => {
    const given = new Metadata({ waitForReady: true });
    given.set('a', 'x');
    const metadata = toMetadata(given);
    given.set('a', 'changed');
    expect(metadata.getMap()).to.deep.equal({ a: 'x' });
    expect(metadata.getOptions()).to.deep.equal({ waitForReady: true });
    expect(toMetadata(undefined).getMap()).to.deep.equal({});
  });

  it('names an invalid key, and the key of an invalid value', () => {
    for (const key of ['ä b', 'x-bin', 'y', 'z', 'u']) {
      const values: Record<string, unknown> = { 'ä b': 'x', 'x-bin': 'text', y: new Uint8Array(1), z: 5, u: undefined };
      const error = thrownBy(() => toMetadata({ [key]: values[key] } as never));
      expect(error).to.be.an.instanceOf(TypeError);
      expect(error.message).to.include(`"${key}"`);
    }
  });

  it('refuses anything but a plain object', () => {
    for (const input of [new Map(), [], 'a: b', 5, null, new (class Headers {})()]) {
      expect(thrownBy(() => toMetadata(input as never))).to.be.an.instanceOf(TypeError);
    }
  });

  it('refuses what HTTP/2 refuses, in both forms', () => {
    for (const key of ['connection', 'te', 'transfer-encoding', 'content-length', 'grpc-status']) {
      const given = new Metadata();
      given.set(key, '1');
      for (const input of [given, { [key]: '1' }]) {
        const error = thrownBy(() => toMetadata(input));
        expect(error).to.be.an.instanceOf(TypeError);
        expect(error.message).to.include(`"${key}"`);
      }
    }
    expect(toMetadata({ 'user-agent': 'a', x: ['a', 'b'] }).get('x')).to.have.lengthOf(2);
    expect(thrownBy(() => toMetadata({ 'user-agent': ['a', 'b'] }))).to.be.an.instanceOf(TypeError);
  });

  it('accepts 40 KiB and not a byte more', () => {
    const most = 40 * 1024 - 32 - 1;
    expect(toMetadata({ x: 'y'.repeat(most) }).get('x')).to.have.lengthOf(1);
    expect(thrownBy(() => toMetadata({ x: 'y'.repeat(most + 1) }))).to.be.an.instanceOf(RangeError);
  });
});

describe('sendable', () => {
  it('omits what cannot be sent and keeps the rest', () => {
    const metadata = new Metadata();
    metadata.set('connection', 'close');
    metadata.add('date', 'a');
    metadata.add('date', 'b');
    metadata.set('keep', 'me');
    metadata.set('large', 'x'.repeat(50_000));
    expect(sendable(metadata).getMap()).to.deep.equal({ keep: 'me' });
    checkSendable(metadata);
  });
});

describe('Metadata with many values', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));

  it('is accepted up to 100 values, as many as Node sends', () => {
    expect(Object.keys(toMetadata(many(100)).getMap())).to.have.length(100);
    expect(() => toMetadata(many(101))).to.throw(RangeError, /101 values are too many/);
  });
});
