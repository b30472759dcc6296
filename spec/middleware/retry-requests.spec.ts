import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, defer, EMPTY, merge, type Observable, of, Subject } from 'rxjs';
import { pull } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { errorOf } from '../support/record.ts';
import { call, fail, random, server } from './support/attempts.ts';
import { journal, method, unavailable, virtually } from './support/fakes.ts';

describe('retry and requests', () => {
  for (const [name, request$] of Object.entries({
    'a Subject': new Subject(),
    'a generator object': pull(
      (function* () {
        yield 1;
      })(),
    ),
  })) {
    it(`does not retry requests that cannot be sent again: ${name}`, () => {
      virtually(({ flush }) => {
        const { rpc, startedAt } = server(fail);
        const { log } = journal(call(rpc, {}, {}, request$));
        flush();
        expect(startedAt).to.deep.equal([0]);
        expect(log).to.deep.equal(['0 error UNAVAILABLE try later']);
      });
    });
  }

  it('retries when a one-shot source was not yet read', () => {
    virtually(({ flush }) => {
      let attempts = 0;
      const request$ = pull([1, 2].values());
      const rpc = (r$: Observable<unknown>) => (++attempts === 1 ? fail() : r$);
      const { log } = journal(retry({ random })(rpc, method)(request$, {}));
      flush();
      expect(log).to.deep.equal(['100 next 1', '100 next 2', '100 complete']);
    });
  });

  it('subscribes to replayable requests again', () => {
    virtually(({ flush }) => {
      const { rpc, received } = server(fail, () => EMPTY);
      journal(call(rpc, {}, {}, pull([1, 2])));
      flush();
      expect(received).to.deep.equal([1, 2, 1, 2]);
    });
  });

  it("ends with the server's error and trailers when a hidden one-shot source cannot be read again", () => {
    virtually(({ flush }) => {
      const hidden = pull([1].values());
      const { rpc, startedAt } = server(fail);
      const told: unknown[] = [];
      const trailers = new Metadata();
      const { log } = journal(
        call(
          (r$, options) => {
            if (startedAt.length === 0) options.onTrailers?.(trailers);
            return rpc(r$, options);
          },
          {},
          { onTrailers: t => told.push(t) },
          defer(() => merge(hidden)),
        ),
      );
      flush();
      expect(startedAt).to.deep.equal([0, 100]);
      expect(log).to.deep.equal(['100 error UNAVAILABLE try later']);
      expect(told).to.deep.equal([trailers]);
    });
  });

  it('fails with a TypeError when another subscriber has already read the source', async () => {
    const source$ = pull([1].values());
    await errorOf(source$);
    const { rpc } = server(fail);
    expect(await errorOf(call(rpc, {}, {}, merge(source$)))).to.be.instanceOf(TypeError);
  });

  it('does not retry an error of the requests, not even one from another call', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(() => of(1));
      const { log } = journal(call(rpc, {}, {}, fail()));
      flush();
      expect(startedAt).to.deep.equal([0]);
      expect(log).to.deep.equal(['0 error UNAVAILABLE try later']);
    });
  });
});

describe('retry with resume', () => {
  const resume = (last: unknown, request$: Observable<unknown>) => concat(of(`from ${last}`), request$);
  const responses =
    (...values: unknown[]) =>
    () =>
      concat(of(...values), fail());

  it('continues with the requests that resume returns for the last response and request$', () => {
    virtually(({ flush }) => {
      const { rpc, received, startedAt } = server(responses(1, 2), responses(3), () => of(4));
      const { log } = journal(call(rpc, { resume }));
      flush();
      expect(log).to.deep.equal(['0 next 1', '0 next 2', '100 next 3', '200 next 4', '200 complete']);
      expect(startedAt).to.deep.equal([0, 100, 200]);
      expect(received).to.deep.equal(['request', 'from 2', 'request', 'from 3', 'request']);
    });
  });

  it('does not call resume before the first response', () => {
    virtually(({ flush }) => {
      const { rpc, received } = server(fail, () => EMPTY);
      journal(call(rpc, { resume }));
      flush();
      expect(received).to.deep.equal(['request', 'request']);
    });
  });

  it('resets attempts and back-off after each response, and only then', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt, options } = server(fail, responses(1), fail, fail, () => EMPTY);
      const { log } = journal(call(rpc, { resume, maxAttempts: 3 }));
      flush();
      expect(startedAt).to.deep.equal([0, 100, 200, 400]);
      expect(log).to.deep.equal(['100 next 1', '400 error UNAVAILABLE try later']);
      expect(options.map(({ metadata }) => (metadata as Metadata)?.getMap())).to.deep.equal([
        undefined,
        ...[1, 1, 2].map(n => ({ 'grpc-previous-rpc-attempts': String(n) })),
      ]);
    });
  });

  it('calls resume for each attempt, so that it may return a one-shot source', () => {
    virtually(({ flush }) => {
      const { rpc, received } = server(responses(1), fail, fail, () => EMPTY);
      journal(call(rpc, { resume: last => pull([`from ${last}`].values()) }, {}, new Subject()));
      flush();
      expect(received).to.deep.equal(['from 1', 'from 1', 'from 1']);
    });
  });

  for (const thrown of [new Error('no'), unavailable()]) {
    it(`ends with an exception of resume: ${thrown.name}`, () => {
      virtually(({ flush }) => {
        const { rpc, startedAt } = server(responses(1));
        let asked = 0;
        const resume = () => {
          asked++;
          throw thrown;
        };
        let error: unknown;
        call(rpc, { resume }).subscribe({
          error: e => {
            error = e;
          },
        });
        flush();
        expect(error).to.equal(thrown);
        expect(startedAt).to.deep.equal([0]);
        expect(asked).to.equal(1);
      });
    });
  }

  it('ends with a TypeError when resume returns no Observable', () => {
    virtually(({ flush }) => {
      const { rpc } = server(responses(1));
      const { log } = journal(call(rpc, { resume: () => ['x'] as any }));
      flush();
      expect(log.at(-1)).to.match(/^100 error TypeError: retry: expected resume to give an Observable/);
    });
  });
});
