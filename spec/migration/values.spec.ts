import { fileURLToPath } from 'node:url';
import { loadSync, type Options } from '@grpc/proto-loader';
import { expect } from 'chai';
import { load } from 'rx-grpc';

const file = new URL('values.proto', import.meta.url);
const { Everything, Color } = await load(file);

/** The codec of proto-loader with the options of the programs on the pages. */
const options = { longs: String, enums: String, defaults: true, oneofs: true };
const protoLoader = (given: Options): any => (loadSync(fileURLToPath(file), given)['values.Values'] as any).Get;
const read = (bytes: Buffer, given: Options = options): any => protoLoader(given).requestDeserialize(bytes);
const write = (value: object): Buffer => protoLoader(options).requestSerialize(value);

const empty = Everything.encode({});

describe('from-nestjs and from-grpc-js, the values of proto-loader and load():', () => {
  it('int64, uint64 and the like', () => {
    const bytes = Everything.encode({ long: 2n ** 53n + 1n });
    expect(read(bytes).long).to.equal('9007199254740993');
    expect(read(bytes, {}).long.constructor.name).to.equal('Long');
    expect(Everything.decode(bytes).long).to.equal(9007199254740993n);
    expect(Everything.encode({ long: 5 })).to.deep.equal(write({ long: '5' }));
    expect(() => Everything.encode({ long: '5' })).to.throw(TypeError, 'values.Everything.long');
  });

  it('an enum', () => {
    const bytes = Everything.encode({ color: Color.RED });
    expect(read(bytes).color).to.equal('RED');
    expect(Everything.decode(bytes).color).to.equal(1);
    expect(Color).to.deep.equal({ NONE: 0, RED: 1 });
    expect(write({ color: 'RED' })).to.deep.equal(bytes);
    expect(() => Everything.encode({ color: 'RED' })).to.throw(TypeError, 'values.Everything.color');
  });

  it('bytes', () => {
    const bytes = Everything.encode({ data: new Uint8Array([1, 2]) });
    expect(read(bytes).data).to.be.instanceOf(Buffer);
    expect(Everything.decode(bytes).data.constructor).to.equal(Uint8Array);
    expect(Everything.encode({ data: Buffer.from([1, 2]) })).to.deep.equal(bytes);
    expect(write({ data: 'AQI=' })).to.deep.equal(bytes);
    expect(() => Everything.encode({ data: 'AQI=' })).to.throw(TypeError, 'values.Everything.data');
  });

  it('a property that is not a field', () => {
    expect(write({ txet: 'x' })).to.have.length(0);
    expect(() => Everything.encode({ txet: 'x' })).to.throw(TypeError, 'values.Everything.txet');
  });

  it('a oneof', () => {
    const bytes = Everything.encode({ choice: { case: 'text', value: 'x' } });
    expect(read(bytes)).to.include({ choice: 'text', text: 'x' });
    expect(Everything.decode(bytes).choice).to.deep.equal({ case: 'text', value: 'x' });
    expect(Everything.decode(empty).choice).to.equal(undefined);
    expect(write({ text: 'x' })).to.deep.equal(bytes);
    expect(() => Everything.encode({ choice: 'text', text: 'x' })).to.throw(TypeError, 'values.Everything.choice');
  });

  it('a member of a oneof written as a field', () => {
    expect(write({ text: 'x' })).to.have.length.above(0);
    expect(() => Everything.encode({ text: 'x' })).to.throw(TypeError, "{ case: 'text', value: ... }");
  });

  it('an `optional` field', () => {
    const bytes = Everything.encode({ note: '' });
    expect(read(bytes)).to.include({ note: '', _note: 'note' });
    expect(read(empty)).to.not.have.property('note');
    expect(Everything.decode(bytes)).to.include({ note: '' }).and.not.have.property('_note');
    expect(Everything.decode(empty)).to.have.property('note', undefined);
  });

  it('a message that was not sent', () => {
    expect(read(empty).child).to.equal(null);
    expect(Everything.decode(empty).child).to.equal(undefined);
    expect(() => Everything.encode({ child: null })).to.throw(TypeError, 'values.Everything.child');
  });

  it('another field that was not sent', () => {
    expect(read(empty)).to.include({ long: '0', color: 'NONE' });
    expect(read(empty, {})).to.deep.equal({});
    expect(Everything.decode(empty)).to.include({ long: 0n, color: 0 });
  });

  it('a value of the wrong type', () => {
    expect(write({ long: 'five' })).to.deep.equal(write({ long: 0 }));
    expect(() => Everything.encode({ long: 'five' })).to.throw(TypeError, 'got string "five"');
    expect(write({ color: 'BLUE' })).to.deep.equal(empty);
    expect(() => Everything.encode({ color: 'BLUE' })).to.throw(TypeError, 'got string "BLUE"');
  });
});
