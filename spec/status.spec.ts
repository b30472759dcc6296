import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  Code,
  codeName,
  errorFromStatus,
  hiddenStatus,
  isRpcError,
  markReceived,
  RpcError,
  statusToSend,
} from '../lib/status.ts';
import { thrownBy } from './support/record.ts';

describe('RpcError', () => {
  it('says path, name of the code and details', () => {
    expect(new RpcError(Code.NOT_FOUND, 'no such user').message).to.equal('NOT_FOUND: no such user');
    expect(new RpcError(Code.NOT_FOUND, 'no', { path: '/a.B/C' }).message).to.equal('/a.B/C NOT_FOUND: no');
  });

  it('is an Error with code, details, metadata, path and cause', () => {
    const cause = new Error('why');
    const metadata = new Metadata();
    const error = new RpcError(Code.ABORTED, 'x', { metadata, cause, path: '/a.B/C' });
    expect(error).to.be.an.instanceOf(Error);
    expect(error).to.include({ name: 'RpcError', code: 10, details: 'x', metadata, cause, path: '/a.B/C' });
    expect('cause' in new RpcError(Code.ABORTED, 'x')).to.equal(false);
  });

  it('takes metadata as a plain object', () => {
    expect(new RpcError(Code.ABORTED, 'x', { metadata: { a: 'b' } }).metadata.get('a')).to.deep.equal(['b']);
  });

  it('refuses codes that are none, and OK', () => {
    for (const code of [0, 17, -1, 1.5, Number.NaN, '5', undefined]) {
      expect(thrownBy(() => new RpcError(code as Code, 'x'))).to.be.an.instanceOf(RangeError);
    }
    for (const code of [1, 16]) expect(new RpcError(code as Code, 'x').code).to.equal(code);
  });

  it('refuses details that are no text, and metadata that is none', () => {
    expect(thrownBy(() => new RpcError(Code.ABORTED, undefined as never))).to.be.an.instanceOf(TypeError);
    expect(thrownBy(() => new RpcError(Code.ABORTED, new Error('x') as never))).to.be.an.instanceOf(TypeError);
    expect(thrownBy(() => new RpcError(Code.ABORTED, 'x', { metadata: [] as never }))).to.be.an.instanceOf(TypeError);
  });

  it('is recognised by isRpcError, also of another copy of the library, and by its code', () => {
    const foreign = Object.defineProperty(Object.assign(new Error(), { code: 5 }), Symbol.for('rx-grpc.RpcError'), {
      value: true,
    });
    expect(isRpcError(foreign)).to.equal(true);
    expect(isRpcError(foreign, Code.NOT_FOUND)).to.equal(true);
    expect(isRpcError(foreign, Code.ABORTED)).to.equal(false);
    expect(isRpcError(Object.assign(new Error(), { code: 5, details: 'x' }))).to.equal(false);
    expect(isRpcError(undefined)).to.equal(false);
  });
});

describe('RpcError.from', () => {
  it('keeps code, details and a copy of the metadata, with the original as cause', () => {
    const original = new RpcError(Code.ABORTED, 'x', { metadata: { a: 'b' } });
    const error = RpcError.from(original);
    expect(error).to.include({ code: Code.ABORTED, details: 'x', cause: original });
    expect(error.metadata.getMap()).to.deep.equal({ a: 'b' });
    expect(error.metadata).to.not.equal(original.metadata);
  });

  it('makes UNKNOWN without its message of what is no RpcError', () => {
    const error = RpcError.from(new Error('secret'));
    expect(error.code).to.equal(Code.UNKNOWN);
    expect(error.message).to.not.include('secret');
  });
});

describe('errorFromStatus', () => {
  it('makes UNKNOWN of a code that gRPC does not know, and says which it was', () => {
    const error = errorFromStatus({ code: 99 as never, details: 'odd', metadata: new Metadata() }, '/a.B/C');
    expect(error).to.include({ code: Code.UNKNOWN, details: 'status 99: odd', path: '/a.B/C' });
    expect(codeName(99)).to.equal('99');
  });
});

describe('statusToSend', () => {
  const received = () =>
    markReceived(
      new RpcError(Code.ABORTED, 'inner', {
        metadata: { 'grpc-status-details-bin': Buffer.from('rich'), other: 'private' },
      }),
    );

  it('is nothing for what is no RpcError, and for one that was received from another server', () => {
    expect(statusToSend(new Error('secret'), true)).to.equal(undefined);
    expect(statusToSend('secret', true)).to.equal(undefined);
    expect(statusToSend(received(), false)).to.equal(undefined);
    expect(hiddenStatus()).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
  });

  it('is the status of a received one that was made our own by RpcError.from', () => {
    expect(statusToSend(RpcError.from(received()), false)).to.include({ code: Code.ABORTED, details: 'inner' });
  });

  it('is for a proxy the code, details and rich details of a received one, and nothing else of its metadata', () => {
    const status = statusToSend(received(), true)!;
    expect(status).to.include({ code: Code.ABORTED, details: 'inner' });
    expect(status.metadata.getMap()).to.deep.equal({ 'grpc-status-details-bin': Buffer.from('rich') });
  });

  it('has details that grpc-js can write: well-formed, and 8 KiB of it when escaped', () => {
    const detailsOf = (details: string) => statusToSend(new RpcError(Code.ABORTED, details), false)!.details;
    expect(detailsOf('a\ud800b')).to.equal('a\ufffdb');
    expect(detailsOf('x'.repeat(8192))).to.equal('x'.repeat(8192));
    expect(detailsOf('x'.repeat(8193))).to.equal(`${'x'.repeat(8192)}…`);
    for (const unit of ['€', '😀', ' ', '\ud800']) {
      const cut = detailsOf(unit.repeat(9000));
      expect(encodeURI(cut).length).to.be.within(7000, 8192 + 9);
      expect(cut.endsWith('…')).to.equal(true);
    }
  });
});
