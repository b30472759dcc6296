import { deepStrictEqual } from 'node:assert';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { detailCases } from '../../lib/core/error-details.ts';
import {
  type BadRequest,
  Code,
  type RichDetail,
  type RichDetailInput,
  RpcError,
  retryDelayMs,
  retryInfo,
  richDetail,
  richDetailsOf,
} from '../../lib/index.ts';
import { decodeStatus, encode, encodeStatus } from '../support/google-rpc.ts';
import { thrownBy } from '../support/record.ts';
import { samples } from '../support/rich-detail-samples.ts';

const key = 'grpc-status-details-bin';
const broken = Buffer.from([0x0a, 0xff, 0xff]);

const errorWith = (...richDetails: RichDetailInput[]): RpcError => new RpcError(Code.ABORTED, 'x', { richDetails });
const bytesOf = (error: { metadata: Metadata }): Buffer => error.metadata.get(key)[0] as Buffer;
const errorOf = (bytes: Uint8Array): RpcError => new RpcError(Code.ABORTED, 'x', { metadata: { [key]: bytes } });

describe('Rich details given to an RpcError', () => {
  for (const [input, theirs, ours, empty] of samples) {
    it(`are sent as google.rpc defines them, and read with every field present: ${input.case}`, () => {
      const error = errorWith(input);
      const name = input.case.charAt(0).toUpperCase() + input.case.slice(1);
      const { code, message, details } = decodeStatus(bytesOf(error));
      expect({ code, message }).to.deep.equal({ code: Code.ABORTED, message: 'x' });
      deepStrictEqual(details, [[`type.googleapis.com/google.rpc.${name}`, theirs]]);
      deepStrictEqual(error.richDetails, [{ case: input.case, value: ours }]);
      deepStrictEqual(errorWith({ case: input.case, value: {} } as RichDetailInput).richDetails, [
        { case: input.case, value: empty },
      ]);
    });
  }

  it('may be of every kind, in one error, in the given order', () => {
    const error = errorWith(...samples.map(([input]) => input));
    expect(error.richDetails.map(detail => detail.case)).to.deep.equal([...detailCases].filter(c => c !== 'unknown'));
    expect(error.details).to.equal('x');
  });

  it('are added to a copy of the metadata, beside its other keys', () => {
    const metadata = new Metadata();
    metadata.set('a', 'b');
    const error = new RpcError(Code.ABORTED, 'x', { metadata, richDetails: [retryInfo(1)] });
    expect(metadata.getMap()).to.deep.equal({ a: 'b' });
    expect(error.metadata.get('a')).to.deep.equal(['b']);
    expect(error.richDetails).to.have.length(1);
  });

  it('that are empty leave the metadata unchanged', () => {
    expect(new RpcError(Code.ABORTED, 'x', { metadata: { a: 'b' }, richDetails: [] }).metadata.getMap()).to.deep.equal({
      a: 'b',
    });
  });

  it('are refused beside details in the metadata', () => {
    for (const richDetails of [[], [retryInfo(1)]]) {
      for (const metadata of [{ [key]: broken }, errorWith(retryInfo(1)).metadata]) {
        const thrown = thrownBy(() => new RpcError(Code.ABORTED, 'x', { metadata, richDetails }));
        expect(thrown).to.be.an.instanceOf(TypeError);
        expect(thrown.message).to.include(key);
      }
    }
  });

  for (const [richDetails, says] of [
    [{ case: 'help', value: {} }, 'expected richDetails to be a list, got an object (Object)'],
    ['help', 'expected richDetails to be a list, got string "help"'],
    [null, 'expected richDetails to be a list, got null'],
    [[undefined], 'richDetails[0].case to be one of errorInfo, '],
    [
      [
        { case: 'help', value: {} },
        { case: 'Help', value: {} },
      ],
      'richDetails[1].case to be one of',
    ],
    [[{ value: {} }], ', got undefined'],
    [[{ case: 'help' }], 'google.rpc.Help: expected an object, got undefined'],
    [
      [{ case: 'badRequest', value: { fieldViolations: [{ field: 5 }] } }],
      'google.rpc.BadRequest.fieldViolations[0].field: expected a string, got number 5',
    ],
    [[{ case: 'unknown', value: { typeUrl: 'a/b', value: 'text' } }], 'google.rpc.Status.details[0].value: expected'],
  ] as const) {
    it(`are refused when they are invalid, with the path: ${says}`, () => {
      const thrown = thrownBy(() => new RpcError(Code.ABORTED, 'x', { richDetails: richDetails as never }));
      expect(thrown).to.be.an.instanceOf(TypeError);
      expect(thrown.message).to.include(says);
    });
  }
});

describe('Rich details of other types', () => {
  const locked = { typeUrl: 'type.googleapis.com/users.Locked', value: Uint8Array.of(1, 2, 3) };

  it('are available as bytes, and sent on byte for byte by RpcError.from and when they are written again', () => {
    const bytes = encode('google.rpc.Status', {
      code: Code.ABORTED,
      message: 'x',
      details: [{ type_url: locked.typeUrl, value: locked.value }, { value: broken }],
    });
    const error = errorOf(bytes);
    deepStrictEqual(error.richDetails, [
      { case: 'unknown', value: locked },
      { case: 'unknown', value: { typeUrl: '', value: Uint8Array.from(broken) } },
    ]);
    expect(bytesOf(RpcError.from(error))).to.deep.equal(bytes);
    expect(bytesOf(errorWith(...error.richDetails))).to.deep.equal(bytes);
  });

  it('are also what cannot be decoded as its declared type', () => {
    const typeUrl = 'type.googleapis.com/google.rpc.BadRequest';
    const detail: RichDetail = { case: 'unknown', value: { typeUrl, value: Uint8Array.from(broken) } };
    deepStrictEqual(errorWith(detail, retryInfo(1)).richDetails[0], detail);
    expect(retryDelayMs(errorWith(detail, retryInfo(1)))).to.equal(1);
  });

  it('are not confused with google.rpc types under another URL', () => {
    const value = encode('google.rpc.Help', { links: [{ url: 'u' }] });
    for (const [typeUrl, kind] of [
      ['example.com/of/google.rpc.Help', 'help'],
      ['google.rpc.Help', 'help'],
      ['type.googleapis.com/google.rpc.help', 'unknown'],
      ['type.googleapis.com/my.google.rpc.Help', 'unknown'],
      ['type.googleapis.com/google.rpc.Status', 'unknown'],
      ['type.googleapis.com/google.rpc.Unknown', 'unknown'],
      ['type.googleapis.com/google.rpc.constructor', 'unknown'],
    ]) {
      expect(errorWith({ case: 'unknown', value: { typeUrl: typeUrl!, value } }).richDetails[0]!.case).to.equal(kind);
    }
  });

  it('keep fields of known types that are unknown here when they are passed on', () => {
    const value = Buffer.concat([
      encode('google.rpc.Help', { links: [{ url: 'u' }] }),
      Buffer.from([0x98, 0x06, 0x05]),
    ]);
    const bytes = encode('google.rpc.Status', {
      code: 10,
      details: [{ type_url: 'type.googleapis.com/google.rpc.Help', value }],
    });
    expect(richDetail(errorOf(bytes), 'help')?.links[0]?.url).to.equal('u');
    expect(bytesOf(RpcError.from(errorOf(bytes)))).to.deep.equal(bytes);
  });
});

describe('richDetailsOf and richDetail', () => {
  const status = encodeStatus(Code.ABORTED, 'x', [
    ['google.rpc.ErrorInfo', { reason: 'A' }],
    ['google.rpc.Help', { links: [{ url: 'u' }] }],
    ['google.rpc.ErrorInfo', { reason: 'B' }],
  ]);

  it('read those of a ServiceError of plain grpc-js', () => {
    const metadata = new Metadata();
    metadata.set(key, status);
    const error: ServiceError = Object.assign(new Error('x'), { code: 10, details: 'x', metadata });
    expect(richDetailsOf(error)).to.have.length(3);
    expect(richDetail(error, 'errorInfo')?.reason).to.equal('A');
    expect(RpcError.from(error).richDetails).to.deep.equal(richDetailsOf(error));
  });

  it('return the first of a kind, or undefined without one', () => {
    expect(richDetail(errorOf(status), 'errorInfo')?.reason).to.equal('A');
    expect(richDetail(errorOf(status), 'help')?.links).to.deep.equal([{ description: '', url: 'u' }]);
    expect(richDetail(errorOf(status), 'badRequest')).to.equal(undefined);
  });

  it('never throw: malformed details, or a value that is no error, yield none', () => {
    const noBytes = Object.assign(new Metadata(), { get: () => ['text'] });
    for (const error of [undefined, null, 'x', {}, new Error('x'), { metadata: {} }, { metadata: noBytes }]) {
      expect(richDetailsOf(error)).to.deep.equal([]);
      expect(richDetail(error, 'help')).to.equal(undefined);
    }
    for (const bytes of [broken, Buffer.alloc(0), Buffer.from('text')]) {
      expect(errorOf(bytes).richDetails).to.deep.equal([]);
    }
    expect(new RpcError(Code.ABORTED, 'x').richDetails).to.deep.equal([]);
  });

  it('decode once: the list is the same each time, and immutable', () => {
    const error = errorOf(status);
    expect(error.richDetails).to.equal(error.richDetails);
    expect(richDetailsOf(error)).to.equal(error.richDetails);
    expect(Object.isFrozen(error.richDetails)).to.equal(true);
  });

  it('refuse an unknown kind', () => {
    const thrown = thrownBy(() => richDetail(errorOf(status), 'ErrorInfo' as never));
    expect(thrown).to.be.an.instanceOf(TypeError);
    expect(thrown.message).to.include('expected one of errorInfo, ').and.to.include('got string "ErrorInfo"');
  });
});

describe('retryInfo and retryDelayMs', () => {
  const delayOf = (retryDelay: object): number | undefined =>
    retryDelayMs(errorOf(encodeStatus(10, 'x', [['google.rpc.RetryInfo', { retryDelay }]])));

  it('are the inverse of each other', () => {
    for (const delayMs of [0, 0.000001, 1, 999.999999, 1000, 1500.25, 2 ** 31 - 1]) {
      expect(retryDelayMs(errorWith(retryInfo(delayMs)))).to.be.closeTo(delayMs, 1e-6);
    }
    expect(retryInfo(1500)).to.deep.equal({ case: 'retryInfo', value: { retryDelay: { seconds: 1, nanos: 5e8 } } });
    expect(retryInfo(999.9999999)).to.deep.equal({
      case: 'retryInfo',
      value: { retryDelay: { seconds: 1, nanos: 0 } },
    });
  });

  it('refuse delays that a Duration cannot express', () => {
    for (const delayMs of [0, 315_576_000_000_000]) expect(() => retryInfo(delayMs)).to.not.throw();
    for (const delayMs of [-0.001, 315_576_000_000_001, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined]) {
      expect(thrownBy(() => retryInfo(delayMs as number))).to.be.an.instanceOf(RangeError);
    }
  });

  it('return a delay that a timer can wait, whatever was sent', () => {
    expect(delayOf({ seconds: -5 })).to.equal(0);
    expect(delayOf({ seconds: 2147483, nanos: 647_000_000 })).to.equal(2 ** 31 - 1);
    expect(delayOf({ seconds: 2147483, nanos: 646_000_000 })).to.equal(2 ** 31 - 2);
    expect(delayOf({ seconds: 2147483, nanos: 648_000_000 })).to.equal(2 ** 31 - 1);
    expect(delayOf({ seconds: Number.MAX_SAFE_INTEGER })).to.equal(2 ** 31 - 1);
  });

  it('return undefined without a RetryInfo', () => {
    expect(retryDelayMs(new RpcError(Code.ABORTED, 'x'))).to.equal(undefined);
    expect(retryDelayMs(errorWith({ case: 'retryInfo', value: {} }))).to.equal(undefined);
    expect(retryDelayMs(undefined)).to.equal(undefined);
  });
});

// Compiled, not run: mistakes here are errors of tsc.
describe('The types of rich details', () => {
  it('are complete for reading, narrowed by case, and optional for writing', () => {
    const use = (error: unknown) => {
      expectTypeOf(richDetail(error, 'badRequest')).toEqualTypeOf<BadRequest | undefined>();
      expectTypeOf(richDetail(error, 'unknown')?.value).toEqualTypeOf<Uint8Array | undefined>();
      expectTypeOf<RichDetail>().toExtend<RichDetailInput>();
      for (const detail of richDetailsOf(error)) {
        if (detail.case === 'quotaFailure') {
          expectTypeOf(detail.value.violations[0]!.quotaValue).toEqualTypeOf<bigint>();
          expectTypeOf(detail.value.violations[0]!.futureQuotaValue).toEqualTypeOf<bigint | undefined>();
        }
        if (detail.case === 'errorInfo') expectTypeOf(detail.value.metadata).toExtend<Record<string, string>>();
      }
      const inputs: RichDetailInput[] = [
        { case: 'quotaFailure', value: { violations: [{ quotaValue: 5 }, { quotaValue: 5n, subject: undefined }] } },
        { case: 'errorInfo', value: {} },
        // @ts-expect-error the value belongs to another case
        { case: 'help', value: { fieldViolations: [] } },
        // @ts-expect-error there is no such case
        { case: 'Help', value: {} },
        // @ts-expect-error an unknown detail needs its type
        { case: 'unknown', value: { value: new Uint8Array() } },
      ];
      // @ts-expect-error there is no such kind
      richDetail(error, 'Help');
      return inputs;
    };
    expectTypeOf(use).toBeFunction();
  });
});
