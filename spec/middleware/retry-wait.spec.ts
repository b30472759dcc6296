import { expect } from 'chai';
import { EMPTY, of, timer } from 'rxjs';
import { type CallOptions, Code, RpcError, retryInfo } from '../../lib/index.ts';
import { call, fail, server } from './support/attempts.ts';
import { FakeCall, journal, unavailable, virtually } from './support/fakes.ts';

const withPushback = (value: string) => () => fail(unavailable({ metadata: { 'grpc-retry-pushback-ms': value } }));

describe('retry with a delay from the server', () => {
  it('waits as long as the pushback says, and then restarts its own back-off', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(fail, fail, withPushback('5000'), fail);
      journal(call(rpc));
      flush();
      expect(startedAt).to.deep.equal([0, 100, 300, 5300, 5400]);
    });
  });

  it('makes no more attempts than configured, whatever the pushback says', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(withPushback('0'));
      journal(call(rpc));
      flush();
      expect(startedAt).to.deep.equal([0, 0, 0, 0, 0]);
    });
  });

  for (const value of ['-1', '-0', 'soon', '', '1.5', '007', '2147483648']) {
    it(`does not retry when the pushback is "${value}"`, () => {
      virtually(({ flush }) => {
        const { rpc, startedAt } = server(withPushback(value));
        journal(call(rpc));
        flush();
        expect(startedAt).to.deep.equal([0]);
      });
    });
  }

  it('waits for the largest possible pushback', () => {
    virtually(({ flush }) => {
      const { rpc, startedAt } = server(withPushback('2147483647'), () => EMPTY);
      journal(call(rpc));
      flush();
      expect(startedAt).to.deep.equal([0, 2147483647]);
    });
  });

  for (const [delayMs, at] of [
    [99, 100],
    [101, 101],
    [60_000, 60_000],
  ] as const) {
    it(`waits ${at} ms when its own back-off is 100 and RetryInfo says ${delayMs}`, () => {
      virtually(({ flush }) => {
        const error = unavailable({ richDetails: [retryInfo(delayMs)] });
        const { rpc, startedAt } = server(() => fail(error));
        journal(call(rpc, { maxAttempts: 2 }));
        flush();
        expect(startedAt).to.deep.equal([0, at]);
      });
    });
  }

  it('does not retry because of RetryInfo or a pushback what it would not retry otherwise', () => {
    virtually(({ flush }) => {
      const exhausted = new RpcError(Code.RESOURCE_EXHAUSTED, '', {
        richDetails: [retryInfo(1)],
        metadata: { 'grpc-retry-pushback-ms': '1' },
      });
      const { rpc, startedAt } = server(() => fail(exhausted));
      journal(call(rpc));
      flush();
      expect(startedAt).to.deep.equal([0]);
    });
  });
});

describe('retry of a call with a limit', () => {
  it('turns timeoutMs into one deadline for all attempts', () => {
    virtually(({ flush }) => {
      const { rpc, options } = server(fail);
      journal(call(rpc, { maxAttempts: 3 }, { timeoutMs: 1000 }));
      flush();
      expect(options.map(({ deadline }) => deadline?.getTime())).to.deep.equal([1000, 1000, 1000]);
      for (const given of options) expect(given).to.not.have.property('timeoutMs');
    });
  });

  for (const [name, options] of Object.entries({
    'the earlier deadline': { timeoutMs: 1000, deadline: new Date(200) },
    'the earlier timeoutMs': { timeoutMs: 200, deadline: new Date(1000) },
  })) {
    it(`applies ${name} of the two`, () => {
      virtually(({ flush }) => {
        const attempts = server(fail);
        journal(call(attempts.rpc, { maxAttempts: 1 }, options));
        flush();
        expect(attempts.options[0]!.deadline?.getTime()).to.equal(200);
      });
    });
  }

  it('leaves a call unlimited when timeoutMs is Infinity', () => {
    virtually(({ flush }) => {
      const { rpc, options } = server(fail);
      journal(call(rpc, { maxAttempts: 1 }, { timeoutMs: Number.POSITIVE_INFINITY }));
      flush();
      expect(options[0]).to.deep.equal({});
    });
  });

  const parentUntil = (ms: number): CallOptions => {
    const parent = new FakeCall();
    parent.deadline = new Date(ms);
    return { parent: parent.call };
  };
  for (const [limit, options] of Object.entries({
    deadline: (ms: number): CallOptions => ({ deadline: new Date(ms) }),
    timeoutMs: (ms: number): CallOptions => ({ timeoutMs: ms }),
    "parent's deadline": parentUntil,
  })) {
    it(`passes on the error at once when the ${limit} passes before the next attempt would start`, () => {
      virtually(({ flush }) => {
        const late = server(fail);
        const { log } = journal(call(late.rpc, {}, options(100)));
        const inTime = server(fail, () => of(1));
        journal(call(inTime.rpc, {}, options(101)));
        flush();
        expect(late.startedAt).to.deep.equal([0]);
        expect(log).to.deep.equal(['0 error UNAVAILABLE try later']);
        expect(inTime.startedAt).to.deep.equal([0, 100]);
      });
    });
  }

  for (const [name, cut, details] of [
    ['its signal aborts', 'abort', 'cancelled by its signal'],
    ['its parent is cancelled', 'cancel', 'cancelled by its parent call'],
  ] as const) {
    it(`ends with CANCELLED while it waits when ${name}`, () => {
      virtually(({ flush }) => {
        const controller = new AbortController();
        const parent = new FakeCall();
        const { rpc, startedAt } = server(fail);
        const { log } = journal(call(rpc, {}, { parent: parent.call, signal: controller.signal }));
        timer(50).subscribe(() => (cut === 'abort' ? controller.abort() : parent.cancel()));
        flush();
        expect(startedAt).to.deep.equal([0]);
        expect(log).to.deep.equal([`50 error CANCELLED ${details}`]);
      });
    });
  }

  it('adds one listener to a signal, however many calls wait', () => {
    virtually(({ flush }) => {
      const { signal } = new AbortController();
      let listeners = 0;
      let most = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        most = Math.max(most, ++listeners);
        add(...args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners--;
        remove(...args);
      };
      const { rpc } = server(fail);
      for (let n = 0; n < 20; n++) journal(call(rpc, {}, { signal }));
      flush();
      expect(most).to.equal(1);
      expect(listeners).to.equal(0);
    });
  });
});
