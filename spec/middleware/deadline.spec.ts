import { expect } from 'chai';
import { NEVER, of } from 'rxjs';
import type { CallOptions } from '../../lib/index.ts';
import { deadline } from '../../lib/middleware.ts';
import { thrownBy } from '../support/record.ts';
import { FakeCall, method, virtually } from './support/fakes.ts';

/** The options that the middleware passes on for a client's call. */
function behind(limits: Parameters<typeof deadline>[0], options: CallOptions): CallOptions {
  let seen!: CallOptions;
  const rpc = deadline(limits)<CallOptions>((request$, call) => {
    seen = call;
    return request$;
  }, method);
  rpc(of(1), options).subscribe();
  return seen;
}

/** The deadline that the middleware requests for a server's call. */
function asked(limits: Parameters<typeof deadline>[0], deadlineAt?: number) {
  const fake = new FakeCall();
  if (deadlineAt !== undefined) fake.deadline = new Date(deadlineAt);
  virtually(({ flush }) => {
    const call$ = deadline(limits)<any>(() => NEVER, method)(of(1), fake.call);
    expect(fake.limits).to.deep.equal([]);
    call$.subscribe();
    flush();
  });
  return fake.limits;
}

const withDeadline = new FakeCall();
withDeadline.deadline = new Date(60_000);

describe('deadline on a client', () => {
  it('applies to a call without a limit', () => {
    expect(behind(500, {})).to.deep.equal({ timeoutMs: 500 });
    expect(behind({ defaultMs: 500 }, { waitForReady: true })).to.deep.equal({ timeoutMs: 500, waitForReady: true });
    expect(behind({ maxMs: 500 }, {})).to.deep.equal({ timeoutMs: 500 });
  });

  it('applies to a call whose parent has none', () => {
    expect(behind(500, { parent: new FakeCall().call })).to.include({ timeoutMs: 500 });
  });

  for (const [name, options] of Object.entries({
    'a shorter timeoutMs': { timeoutMs: 10 },
    'a longer timeoutMs': { timeoutMs: 10_000 },
    'no limit at all': { timeoutMs: Number.POSITIVE_INFINITY },
    'a deadline': { deadline: new Date(10) },
    'a parent with a deadline': { parent: withDeadline.call },
  })) {
    it(`leaves a call with ${name} unchanged`, () => {
      expect(behind(500, options)).to.deep.equal(options);
    });
  }

  it('with maxMs limits every call, and extends none', () => {
    const limits = { defaultMs: 100, maxMs: 500 };
    const at = new Date(10);
    expect(behind(limits, {})).to.deep.equal({ timeoutMs: 100 });
    expect(behind(limits, { timeoutMs: 499 })).to.deep.equal({ timeoutMs: 499 });
    expect(behind(limits, { timeoutMs: 501 })).to.deep.equal({ timeoutMs: 500 });
    expect(behind(limits, { timeoutMs: Number.POSITIVE_INFINITY })).to.deep.equal({ timeoutMs: 500 });
    expect(behind(limits, { deadline: at })).to.deep.equal({ deadline: at, timeoutMs: 500 }); // the earlier one applies
    expect(behind(limits, { parent: withDeadline.call })).to.include({ timeoutMs: 500 });
  });
});

describe('deadline on a server', () => {
  it('limits a call whose caller set no deadline, counted from the subscription', () => {
    const details = 'the server ends calls without a deadline after 500 ms';
    expect(asked(500)).to.deep.equal([{ inMs: 500, details }]);
  });

  it('leaves a call unchanged whose caller set one, earlier or later', () => {
    expect(asked(500, 100)).to.deep.equal([]);
    expect(asked(500, 10_000)).to.deep.equal([]);
  });

  it('with maxMs applies in any case: the earlier deadline takes effect', () => {
    const most = { inMs: 500, details: 'the server ends calls after 500 ms' };
    expect(asked({ maxMs: 500 })).to.deep.equal([most]);
    expect(asked({ maxMs: 500 }, 10_000)).to.deep.equal([most]);
    expect(asked({ defaultMs: 100, maxMs: 500 }).map(({ inMs }) => inMs)).to.deep.equal([100, 500]);
  });
});

describe('The limits of deadline', () => {
  for (const [limits, message] of [
    [0, /defaultMs to be from 1 to 2147483647 milliseconds, got number "0"/],
    [2 ** 31, /defaultMs to be from 1 to 2147483647/],
    [Number.NaN, /got number "NaN"/],
    [{ maxMs: Number.POSITIVE_INFINITY }, /maxMs to be from 1/],
    [{}, /expected defaultMs or maxMs, got neither/],
    [{ ms: 5 }, /no option "ms"; there are defaultMs, maxMs/],
    ['5s', /options to be a plain object, got string "5s"/],
    [{ defaultMs: 11, maxMs: 10 }, /defaultMs to be no more than maxMs, got 11 and 10/],
  ] as const) {
    it(`are refused at once: ${JSON.stringify(limits)}`, () => {
      expect(thrownBy(() => deadline(limits as any)).message).to.match(message);
    });
  }

  it('may be anything from a millisecond to 24 days', () => {
    for (const ms of [1, 2 ** 31 - 1]) expect(deadline({ defaultMs: ms, maxMs: ms })).to.be.a('function');
  });
});
