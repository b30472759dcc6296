import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, defer, EMPTY, type Observable, of } from 'rxjs';
import type { CallOptions } from '../../lib/index.ts';
import { call, fail, server } from './support/attempts.ts';
import { journal, virtually } from './support/fakes.ts';

describe('retry and the callbacks of a call', () => {
  const headers = (n: number) => {
    const metadata = new Metadata();
    metadata.set('n', String(n));
    return metadata;
  };
  /** An RPC that reports headers and trailers in each attempt. */
  const telling =
    ({ rpc, startedAt }: ReturnType<typeof server>) =>
    (r$: Observable<unknown>, o: CallOptions) =>
      defer(() => {
        o.onHeaders?.(headers(startedAt.length + 1));
        o.onTrailers?.(headers(startedAt.length + 1));
        return rpc(r$, o);
      });
  const numbers: unknown[] = [];
  const look = (metadata: Metadata) => numbers.push(...metadata.get('n'));
  beforeEach(() => numbers.splice(0));

  it('passes on the trailers of the last attempt, before the end, whether it fails or succeeds', () => {
    for (const end of [fail, () => EMPTY]) {
      virtually(({ flush }) => {
        const { log } = journal(call(telling(server(fail, end)), { maxAttempts: 2 }, { onTrailers: look }));
        flush();
        expect(numbers.splice(0)).to.deep.equal(['2']);
        expect(log).to.have.length(1);
      });
    }
  });

  it('passes on no trailers when the last attempt had none', () => {
    virtually(({ flush }) => {
      const attempts = server(fail);
      const tellingOnce = (r$: Observable<unknown>, o: CallOptions) =>
        attempts.startedAt.length === 0 ? telling(attempts)(r$, o) : attempts.rpc(r$, o);
      journal(call(tellingOnce, {}, { onTrailers: look }));
      flush();
      expect(attempts.startedAt).to.have.length(5);
      expect(numbers).to.deep.equal([]);
    });
  });

  it('does not retry after onHeaders was called; otherwise headers change nothing', () => {
    virtually(({ flush }) => {
      const told = server(fail);
      journal(call(telling(told), {}, { onHeaders: look }));
      const untold = server(fail);
      journal(call(telling(untold)));
      flush();
      expect(told.startedAt).to.deep.equal([0]);
      expect(untold.startedAt).to.have.length(5);
      expect(numbers).to.deep.equal(['1']);
    });
  });

  it('passes on the headers once when it resumes', () => {
    virtually(({ flush }) => {
      const { startedAt, ...rest } = server(
        () => concat(of(1), fail()),
        () => EMPTY,
      );
      journal(call(telling({ startedAt, ...rest }), { resume: (_, r$) => r$ }, { onHeaders: look }));
      flush();
      expect(startedAt).to.have.length(2);
      expect(numbers).to.deep.equal(['1']);
    });
  });

  for (const end of [fail, () => EMPTY]) {
    it('turns an exception of onTrailers into the error of the call', () => {
      virtually(({ flush }) => {
        const onTrailers = () => {
          throw new Error('mine');
        };
        const { log } = journal(call(telling(server(end)), { maxAttempts: 1 }, { onTrailers }));
        flush();
        expect(log).to.deep.equal(['0 error Error: mine']);
      });
    });
  }
});
