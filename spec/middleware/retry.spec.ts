import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { asyncScheduler, concat, of, timer } from 'rxjs';
import { type CallOptions, Code, RpcError } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { errorOf, thrownBy } from '../support/record.ts';
import { call, fail, server } from './support/attempts.ts';
import { FakeCall, journal, virtually } from './support/fakes.ts';

describe('retry', () => {
  it('makes five attempts, each back-off twice as long as the previous one, and then passes on the last error', () => {
    virtually(({ flush }) => {
      const errors = [1, 2, 3, 4, 5].map(n => new RpcError(Code.UNAVAILABLE, String(n)));
      const { rpc, startedAt, received } = server(...errors.map(error => () => fail(error)));
      const { log } = journal(call(rpc));
      flush();
      expect(startedAt).to.deep.equal([0, 100, 300, 700, 1500]);
      expect(log).to.deep.equal(['1500 error UNAVAILABLE 5']);
      expect(received).to.deep.equal(new Array(5).fill('request'));
    });
  });

  it('waits no longer than maxBackoffMs', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(fail);
      journal(call(rpc, { initialBackoffMs: 10, backoffMultiplier: 3, maxBackoffMs: 50 }));
      flush();
      expect(startedAt).to.deep.equal([0, 10, 40, 90, 140]);
    });
  });

  for (const [drawn, at] of [
    [0, 80],
    [1, 120],
  ] as const) {
    it(`varies the back-off by up to a fifth: ${at} of 100 ms`, () => {
      virtually(({ flush }) => {
        const { rpc, startedAt } = server(fail);
        journal(call(rpc, { maxAttempts: 2, random: () => drawn }));
        flush();
        expect(startedAt).to.deep.equal([0, at]);
      });
    });
  }

  for (const maxAttempts of [1, 2, 7]) {
    it(`makes as many attempts as configured: ${maxAttempts}`, () => {
      virtually(({ flush }) => {
        const { rpc, startedAt } = server(fail);
        journal(call(rpc, { maxAttempts }));
        flush();
        expect(startedAt).to.have.length(maxAttempts);
      });
    });
  }

  it('passes on the responses of the attempt that succeeds, and completes', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(fail, () => of('a', 'b'));
      const { log } = journal(call(rpc));
      flush();
      expect(log).to.deep.equal(['100 next a', '100 next b', '100 complete']);
      expect(startedAt).to.deep.equal([0, 100]);
    });
  });

  it('starts nothing before it is subscribed to, and counts attempts per subscription', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(fail);
      const call$ = call(rpc, { maxAttempts: 2 });
      expect(startedAt).to.deep.equal([]);
      journal(call$);
      journal(call$);
      flush();
      expect(startedAt).to.deep.equal([0, 0, 100, 100]);
    });
  });

  for (const [name, error] of Object.entries({
    'another code': new RpcError(Code.INTERNAL, 'no'),
    'an error other than RpcError': new Error('no'),
  })) {
    it(`passes on at once ${name}`, () => {
      virtually(({ flush }) => {
        const { rpc, startedAt } = server(() => fail(error));
        journal(call(rpc));
        flush();
        expect(startedAt).to.deep.equal([0]);
      });
    });
  }

  it('retries the configured codes, and no others', () => {
    virtually(({ flush }) => {
      const aborted = new RpcError(Code.ABORTED, '');
      const { rpc, startedAt } = server(() => fail(aborted), fail);
      journal(call(rpc, { codes: [Code.ABORTED] }));
      flush();
      expect(startedAt).to.deep.equal([0, 100]);
    });
  });

  it('does not retry after a response', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(() => concat(of(1), fail()));
      const { log } = journal(call(rpc));
      flush();
      expect(startedAt).to.deep.equal([0]);
      expect(log).to.deep.equal(['0 next 1', '0 error UNAVAILABLE try later']);
    });
  });

  it("sends the number of previous attempts in its metadata, beside the caller's", () => {
    virtually(({ flush }) => {
      const { rpc, options } = server(fail);
      const metadata = new Metadata();
      metadata.set('x', 'y');
      journal(call(rpc, { maxAttempts: 3 }, { metadata }));
      flush();
      const sent = options.map(({ metadata }) => (metadata as Metadata).getMap());
      expect(sent).to.deep.equal([
        { x: 'y' },
        { x: 'y', 'grpc-previous-rpc-attempts': '1' },
        { x: 'y', 'grpc-previous-rpc-attempts': '2' },
      ]);
      expect(metadata.getMap()).to.deep.equal({ x: 'y' });
    });
  });

  it('makes no attempt after an unsubscribe, and releases its timer, its signal and its parent', () => {
    virtually(({ flush }) => {
      const parent = new FakeCall();
      const { rpc, startedAt } = server(fail);
      const { log, subscription } = journal(
        call(rpc, {}, { parent: parent.call, signal: new AbortController().signal }),
      );
      expect(parent.listeners.size).to.equal(1);
      timer(50).subscribe(() => subscription.unsubscribe());
      flush();
      expect(startedAt).to.deep.equal([0]);
      expect(log).to.deep.equal([]);
      expect(parent.listeners.size).to.equal(0);
      expect(asyncScheduler.now()).to.equal(50); // no timer of 100 ms was left
    });
  });

  it('refuses to run on a server', async () => {
    const { rpc } = server(fail);
    const error = await errorOf(call(rpc, {}, new FakeCall().call as unknown as CallOptions));
    expect(error.message).to.match(/retry: it is middleware of a client/);
  });
});

describe('The options of retry', () => {
  for (const [options, message] of [
    [{ attempts: 3 }, /no option "attempts"; there are maxAttempts/],
    [{ maxAttempts: 0 }, /maxAttempts to be 1 or more, got number "0"/],
    [{ maxAttempts: 1.5 }, /maxAttempts/],
    [{ codes: Code.UNAVAILABLE }, /codes to be a list/],
    [{ codes: [Code.OK] }, /codes from 1 to 16, got number "0"/],
    [{ codes: [17] }, /codes from 1 to 16/],
    [{ codes: ['UNAVAILABLE'] }, /codes from 1 to 16/],
    [{ initialBackoffMs: 0 }, /initialBackoffMs to be more than 0/],
    [{ maxBackoffMs: 2 ** 31 }, /maxBackoffMs to be more than 0 and at most 2147483647 milliseconds/],
    [{ backoffMultiplier: Number.NaN }, /backoffMultiplier/],
    [{ resume: 1 }, /resume to be a function/],
    [{ random: 1 }, /random to be a function/],
    [{ budget: { maxTokens: 0, tokenRatio: 1 } }, /budget.maxTokens to be more than 0/],
    [{ budget: { maxTokens: 1 } }, /budget.tokenRatio to be more than 0, got undefined/],
  ] as const) {
    it(`are refused at once: ${JSON.stringify(options)}`, () => {
      expect(thrownBy(() => retry(options as any)).message).to.match(message);
    });
  }

  it('may leave attempts unlimited', () => {
    expect(retry({ maxAttempts: Number.POSITIVE_INFINITY, maxBackoffMs: 2 ** 31 - 1 })).to.be.a('function');
  });
});
