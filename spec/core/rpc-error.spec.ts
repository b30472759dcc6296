import { join } from 'node:path';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { errorFromStatus, hiddenStatus, markReceived, passOn, statusToSend } from '../../lib/core/error-status.ts';
import { Code, codeName, isRpcError, RpcError, type RpcErrorLike } from '../../lib/index.ts';
import { compiled } from '../support/compiled.ts';
import { thrownBy } from '../support/record.ts';

/** Another copy of the library, as when two packages bring their own. */
const copy: typeof import('./another-copy.ts') = await import(compiled(join(import.meta.dirname, 'another-copy.ts')));

const serviceError = (given: object = {}): ServiceError =>
  Object.assign(new Error('5 NOT_FOUND: x'), { code: 5, details: 'x', metadata: new Metadata(), ...given });

describe('RpcError', () => {
  it('has a message of path, name of the code and details', () => {
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

  it('has the name of its code as codeName', () => {
    for (const [name, code] of Object.entries(Code).slice(1)) {
      expect(new RpcError(code, 'x').codeName).to.equal(name);
      expect(codeName(code)).to.equal(name);
    }
  });

  it('accepts metadata as a plain object', () => {
    expect(new RpcError(Code.ABORTED, 'x', { metadata: { a: 'b' } }).metadata.get('a')).to.deep.equal(['b']);
  });

  it('refuses invalid codes, and OK', () => {
    for (const code of [0, 17, -1, 1.5, Number.NaN, '5', undefined]) {
      expect(thrownBy(() => new RpcError(code as Code, 'x'))).to.be.an.instanceOf(RangeError);
    }
    for (const code of [1, 16]) expect(new RpcError(code as Code, 'x').code).to.equal(code);
  });

  it('refuses details that are not a string, and invalid metadata', () => {
    expect(thrownBy(() => new RpcError(Code.ABORTED, undefined as never))).to.be.an.instanceOf(TypeError);
    expect(thrownBy(() => new RpcError(Code.ABORTED, new Error('x') as never))).to.be.an.instanceOf(TypeError);
    expect(thrownBy(() => new RpcError(Code.ABORTED, 'x', { metadata: [] as never }))).to.be.an.instanceOf(TypeError);
  });
});

describe('isRpcError', () => {
  it('recognizes an RpcError, also of another copy of the library, and its code', () => {
    for (const each of [RpcError, copy.RpcError, class extends RpcError {}]) {
      const error: unknown = new each(Code.NOT_FOUND, 'x');
      expect(isRpcError(error)).to.equal(true);
      expect(isRpcError(error, Code.NOT_FOUND)).to.equal(true);
      expect(isRpcError(error, Code.ABORTED)).to.equal(false);
    }
    expect(copy.RpcError).to.not.equal(RpcError);
  });

  it('recognizes a ServiceError of plain grpc-js, and its code', () => {
    expect(isRpcError(serviceError())).to.equal(true);
    expect(isRpcError(serviceError(), Code.NOT_FOUND)).to.equal(true);
    expect(isRpcError(serviceError(), Code.ABORTED)).to.equal(false);
    for (const code of [1, 16]) expect(isRpcError(serviceError({ code }))).to.equal(true);
  });

  it('recognizes an error from another context with its own Error class', () => {
    const foreign = runInNewContext('Object.assign(new Error(), given)', {
      given: { code: 5, details: 'x', metadata: new Metadata() },
    });
    expect(foreign).to.not.be.an.instanceOf(Error);
    expect(isRpcError(foreign, Code.NOT_FOUND)).to.equal(true);
  });

  it('recognizes nothing else', () => {
    const { message, ...noError } = serviceError();
    for (const given of [
      ...[0, 17, -1, 1.5, '5', 'ENOENT', undefined].map(code => serviceError({ code })),
      ...[undefined, 5].map(details => serviceError({ details })),
      ...[undefined, {}, new Map()].map(metadata => serviceError({ metadata })),
      noError,
      new Error('x'),
      undefined,
      null,
      'x',
      { [Symbol.for('rx-grpc.RpcError')]: true, code: 5 },
    ]) {
      expect(isRpcError(given)).to.equal(false);
    }
  });

  // Compiled, not run.
  it('has a type that promises only existing properties; an RpcError keeps its type', () => {
    const use = (unknown: unknown, error: RpcError, either: RpcError | ServiceError) => {
      if (isRpcError(unknown)) {
        expectTypeOf(unknown.code).toEqualTypeOf<Code>();
        expectTypeOf(unknown.path).toEqualTypeOf<string | undefined>();
        // @ts-expect-error a ServiceError has none
        unknown.codeName;
      }
      if (isRpcError(unknown, Code.ABORTED)) expectTypeOf(unknown.code).toEqualTypeOf<typeof Code.ABORTED>();
      if (isRpcError(error)) expectTypeOf(error.codeName).toBeString();
      if (isRpcError(error, Code.ABORTED)) expectTypeOf(error.codeName).toBeString();
      else expectTypeOf(error).toEqualTypeOf<RpcError>();
      if (isRpcError(either)) expectTypeOf(either.details).toBeString();
      expectTypeOf<RpcError>().toExtend<RpcErrorLike>();
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe('RpcError.from', () => {
  it('keeps code, details and a copy of the metadata, and the original as its cause', () => {
    const original = new RpcError(Code.ABORTED, 'x', { metadata: { a: 'b' } });
    const error = RpcError.from(original);
    expect(error).to.include({ code: Code.ABORTED, details: 'x', cause: original });
    expect(error.metadata.getMap()).to.deep.equal({ a: 'b' });
    expect(error.metadata).to.not.equal(original.metadata);
  });

  it('does the same for a ServiceError of plain grpc-js, and an RpcError of another copy', () => {
    const metadata = new Metadata();
    metadata.set('a', 'b');
    for (const original of [serviceError({ metadata }), new copy.RpcError(Code.NOT_FOUND, 'x', { metadata })]) {
      const error = RpcError.from(original);
      expect(error).to.be.an.instanceOf(RpcError);
      expect(error).to.include({ code: Code.NOT_FOUND, details: 'x', cause: original });
      expect(error.metadata.getMap()).to.deep.equal({ a: 'b' });
    }
  });

  it('omits metadata that the transport of the other call wrote, and what cannot be sent', () => {
    const transport = {
      'content-type': 'application/grpc',
      date: 'x',
      server: 'envoy',
      via: 'x',
      'accept-encoding': 'x',
      'grpc-accept-encoding': 'gzip',
      'grpc-encoding': 'identity',
      'grpc-retry-pushback-ms': '5',
      'grpc-status': '5',
      connection: 'close',
    };
    const kept = { a: 'b', 'x-bin': Buffer.from('b'), 'grpc-status-details-bin': Buffer.from('rich') };
    const metadata = new Metadata();
    for (const [key, value] of Object.entries({ ...transport, ...kept })) metadata.set(key, value);
    metadata.add('a', 'c');
    const error = RpcError.from(serviceError({ metadata }));
    expect(error.metadata.getMap()).to.deep.equal(kept);
    expect(error.metadata.get('a')).to.deep.equal(['b', 'c']);
    expect(Object.keys(metadata.getMap())).to.include.members(Object.keys(transport));
  });

  it('converts anything else to UNKNOWN without its message, with the original as its cause', () => {
    for (const original of [new Error('secret'), serviceError({ code: 'ENOENT' }), 'secret', undefined, null]) {
      const error = RpcError.from(original);
      expect(error).to.include({ code: Code.UNKNOWN, details: 'unknown error', cause: original });
      expect(error.message).to.not.include('secret');
      expect('cause' in error).to.equal(true);
    }
  });
});

describe('errorFromStatus', () => {
  it('converts a code unknown to gRPC to UNKNOWN, and states the code', () => {
    const error = errorFromStatus({ code: 99 as never, details: 'odd', metadata: new Metadata() }, '/a.B/C');
    expect(error).to.include({ code: Code.UNKNOWN, details: 'status 99: odd', path: '/a.B/C' });
    expect(codeName(99)).to.equal('99');
  });

  it('converts a code that is not a number to INTERNAL, and explains it', () => {
    for (const [code, details, said] of [
      [
        undefined,
        undefined,
        /^a response is compressed, and its grpc-encoding is missing or not one of gzip and deflate$/,
      ],
      [undefined, 'more', /gzip and deflate: more$/],
      [Number.NaN, '', /^the grpc-status of the response is not a number \(NaN\)$/],
    ] as const) {
      const error = errorFromStatus({ code, details, metadata: new Metadata() } as never, '/a.B/C');
      expect(error).to.include({ code: Code.INTERNAL, path: '/a.B/C' });
      expect(error.details).to.match(said);
    }
  });
});

describe('statusToSend', () => {
  const received = () =>
    markReceived(
      new RpcError(Code.ABORTED, 'inner', {
        metadata: { 'grpc-status-details-bin': Buffer.from('rich'), other: 'private' },
      }),
    );

  it('is undefined for an error other than RpcError, and for one received from another server', () => {
    expect(statusToSend(new Error('secret'))).to.equal(undefined);
    expect(statusToSend('secret')).to.equal(undefined);
    expect(statusToSend(received())).to.equal(undefined);
    expect(hiddenStatus()).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
  });

  it('is undefined for a ServiceError of plain grpc-js: it came from another call', () => {
    for (const error of [serviceError(), passOn(serviceError())]) expect(statusToSend(error)).to.equal(undefined);
    expect(statusToSend(RpcError.from(serviceError()))).to.include({ code: Code.NOT_FOUND, details: 'x' });
  });

  it('is undefined for an error that another copy of the library received, and the status of one its handler threw', () => {
    const theirs = copy.errorFromStatus({ code: 10, details: 'inner', metadata: new Metadata() }, '/a.B/C');
    expect(statusToSend(theirs)).to.equal(undefined);
    expect(statusToSend(passOn(theirs))).to.include({ code: Code.ABORTED, details: 'inner' });
    expect(copy.statusToSend(received())).to.equal(undefined);
    expect(statusToSend(new copy.RpcError(Code.ABORTED, 'x'))).to.include({ code: Code.ABORTED, details: 'x' });
    expect(inspect(theirs)).to.not.include('rx-grpc.');
  });

  it('is the status of a received error that RpcError.from made our own', () => {
    expect(statusToSend(RpcError.from(received()))).to.include({ code: Code.ABORTED, details: 'inner' });
  });

  it('is for a proxy the code, details and rich details of a received error, without its other metadata', () => {
    const status = statusToSend(passOn(received()))!;
    expect(status).to.include({ code: Code.ABORTED, details: 'inner' });
    expect(status.metadata.getMap()).to.deep.equal({ 'grpc-status-details-bin': Buffer.from('rich') });
  });

  it('has details that grpc-js can send: well-formed, and at most 8 KiB when escaped', () => {
    const detailsOf = (details: string) => statusToSend(new RpcError(Code.ABORTED, details))!.details;
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
