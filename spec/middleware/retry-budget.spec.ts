import { expect } from 'chai';
import { EMPTY, of } from 'rxjs';
import { Code, RpcError } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { fail, random, server } from './support/attempts.ts';
import { method, virtually } from './support/fakes.ts';

describe('The budget of retry', () => {
  const wellDone = () => EMPTY;

  it('stops the retries of all methods while at most half of it is left', () => {
    virtually(({ flush }) => {
      const middleware = retry({ random, budget: { maxTokens: 4, tokenRatio: 0.5 }, maxAttempts: 2 });
      const first = server(fail);
      const second = server(fail);
      middleware(first.rpc, method)(of(1), {}).subscribe({ error: () => {} });
      flush();
      expect(first.startedAt).to.deep.equal([0, 100]); // 3 left after the first attempt, 2 after the second
      middleware(second.rpc, { ...method, path: '/other.Other/Other' })(of(1), {}).subscribe({ error: () => {} });
      flush();
      expect(second.startedAt).to.deep.equal([100]);
    });
  });

  for (const [successes, attempts] of [
    [4, 1],
    [5, 2],
  ] as const) {
    it(`is refilled by calls that succeed: after ${successes} of them there are ${attempts} attempts`, () => {
      virtually(({ flush }) => {
        const middleware = retry({ random, budget: { maxTokens: 4, tokenRatio: 0.25 }, maxAttempts: 2 });
        const run = (rpc: ReturnType<typeof server>['rpc']) =>
          middleware(rpc, method)(of(1), {}).subscribe({ error: () => {} });
        run(server(fail).rpc); // 2 left
        flush();
        for (let n = 0; n < successes; n++) run(server(wellDone).rpc); // 3, or 3.25; the next failure takes 1
        const { rpc, startedAt } = server(fail);
        run(rpc);
        flush();
        expect(startedAt).to.have.length(attempts);
      });
    });
  }

  it('never falls below zero, however many calls fail', () => {
    virtually(({ flush }) => {
      const middleware = retry({ random, budget: { maxTokens: 4, tokenRatio: 1 }, maxAttempts: 2 });
      const run = (rpc: ReturnType<typeof server>['rpc']) =>
        middleware(rpc, method)(of(1), {}).subscribe({ error: () => {} });
      for (let n = 0; n < 20; n++) run(server(fail).rpc);
      flush();
      for (let n = 0; n < 4; n++) run(server(wellDone).rpc);
      const { rpc, startedAt } = server(fail);
      run(rpc);
      flush();
      expect(startedAt).to.have.length(2);
    });
  });

  it('never exceeds its initial value', () => {
    virtually(({ flush }) => {
      const middleware = retry({ random, budget: { maxTokens: 2, tokenRatio: 10 }, maxAttempts: 2 });
      const run = (rpc: ReturnType<typeof server>['rpc']) =>
        middleware(rpc, method)(of(1), {}).subscribe({ error: () => {} });
      for (let n = 0; n < 10; n++) run(server(wellDone).rpc);
      const { rpc, startedAt } = server(fail);
      run(rpc);
      flush();
      expect(startedAt).to.deep.equal([0]); // 1 of 2 left: not more than half
    });
  });

  for (const [name, answer, attempts] of [
    ['does not count a code that is not retried', () => fail(new RpcError(Code.NOT_FOUND, '')), 2],
    ['counts a pushback that wants no retry, whatever the code', withNever(Code.NOT_FOUND), 1],
  ] as const) {
    it(name, () => {
      virtually(({ flush }) => {
        const middleware = retry({ random, budget: { maxTokens: 4, tokenRatio: 1 }, maxAttempts: 2 });
        const run = (rpc: ReturnType<typeof server>['rpc']) =>
          middleware(rpc, method)(of(1), {}).subscribe({ error: () => {} });
        run(server(answer).rpc);
        const { rpc, startedAt } = server(fail);
        run(rpc);
        flush();
        expect(startedAt).to.have.length(attempts);
      });
    });
  }

  function withNever(code: Code) {
    return () => fail(new RpcError(code, '', { metadata: { 'grpc-retry-pushback-ms': '-1' } }));
  }
});
