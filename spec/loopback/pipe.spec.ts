import { expect } from 'chai';
import { Pipe } from '../../lib/loopback/pipe.ts';

const message = Buffer.from('x');
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('Pipe', () => {
  const written = (count: number) => {
    const pipe = new Pipe();
    const writes = { taken: 0 };
    for (let n = 0; n < count; n++) pipe.write(message, () => writes.taken++);
    return { pipe, writes };
  };

  for (const [count, taken] of [
    [15, 15],
    [16, 16],
    [17, 16],
    [30, 16],
  ] as const) {
    it(`accepts ${taken} of ${count} writes while nothing is read`, async () => {
      const { pipe, writes } = written(count);
      await turn();
      expect([pipe.size, writes.taken]).to.deep.equal([count, taken]);
    });
  }

  it('accepts as many more as were read, in a later turn', async () => {
    const { pipe, writes } = written(30);
    for (let n = 0; n < 3; n++) expect(pipe.read()).to.deep.equal(message);
    expect(writes.taken).to.equal(16);
    await turn();
    expect([pipe.size, writes.taken]).to.deep.equal([27, 19]);
    while (pipe.read() !== null);
    await turn();
    expect([pipe.size, writes.taken]).to.deep.equal([0, 30]);
  });

  it('accepts writes in order', async () => {
    const pipe = new Pipe();
    const taken: number[] = [];
    for (let n = 0; n < 18; n++) pipe.write(message, () => taken.push(n));
    for (let n = 0; n < 5; n++) pipe.read();
    pipe.write(message, () => taken.push(18)); // there is room, but two wait
    await turn();
    expect(taken).to.deep.equal([...Array(19).keys()]);
  });

  it('holds nothing once it is drained, and accepts everything, in a later turn than the write', async () => {
    const { pipe, writes } = written(30);
    pipe.drain();
    expect([pipe.size, writes.taken]).to.deep.equal([0, 16]);
    await turn();
    expect(writes.taken).to.equal(30);
    for (let n = 0; n < 100; n++) pipe.write(message, () => writes.taken++);
    expect([pipe.size, writes.taken]).to.deep.equal([0, 30]);
    await turn();
    expect([pipe.size, writes.taken]).to.deep.equal([0, 130]);
  });

  it('yields to the event loop when each accepted write causes another', async () => {
    const pipe = new Pipe();
    let taken = 0;
    const writeAgain = () => {
      taken++;
      pipe.write(message, writeAgain);
    };
    pipe.drain();
    pipe.write(message, writeAgain);
    await turn();
    await turn();
    expect(taken).to.be.above(10);
    pipe.write = () => {};
  });

  it('holds a copy of bytes, and any other value as it is', () => {
    const pipe = new Pipe();
    const bytes = Buffer.from('abc');
    const other = {} as Buffer;
    pipe.write(bytes, () => {});
    pipe.write(other, () => {});
    bytes[0] = 120;
    expect(String(pipe.read())).to.equal('abc');
    expect(pipe.read()).to.equal(other);
    expect(pipe.read()).to.equal(null);
  });
});
