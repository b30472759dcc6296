import { expect } from 'chai';
import { of, Subject } from 'rxjs';
import { markReceived, statusToSend } from '../../lib/core/error-status.ts';
import { Code, contextKey, RpcError, type ServerCall } from '../../lib/index.ts';
import { verifyBearer } from '../../lib/middleware.ts';
import { deferred } from '../support/deferred.ts';
import { errorOf, record, rejectionOf, thrownBy } from '../support/record.ts';
import { FakeCall, method } from './support/fakes.ts';

const user = contextKey<string>('user');

/** A handler behind verifyBearer, and what it received. */
function guarded(verify: (token: string, call: ServerCall) => unknown = token => `user of ${token}`) {
  const seen: unknown[] = [];
  const rpc = verifyBearer(user, verify as () => string)((request$, call) => {
    seen.push(call.context.get(user));
    return request$;
  }, method);
  return { seen, call: (authorization?: string) => rpc(of('request'), new FakeCall(authorization).call), rpc };
}

describe('verifyBearer', () => {
  for (const authorization of ['Bearer a.b-c_d~e+f/g==', 'bearer a.b-c_d~e+f/g==', 'BEARER  a.b-c_d~e+f/g==']) {
    it(`extracts the token from "${authorization}", and stores the result of verify in the context of the call`, async () => {
      for (const verify of [(t: string) => t, async (t: string) => t]) {
        const { seen, call } = guarded(verify);
        const { ending, values } = record(call(authorization));
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal(['request']);
        expect(seen).to.deep.equal(['a.b-c_d~e+f/g==']);
      }
    });
  }

  for (const [name, authorization, details] of [
    [
      'there is no authorization',
      undefined,
      /expected the metadata "authorization: Bearer <token>", there is no "authorization"/,
    ],
    ['it is of another scheme', 'Basic s3cret', /expected .*, "authorization" is something else/],
    ['it has no token', 'Bearer', /something else/],
    ['its token is empty', 'Bearer ', /something else/],
    ['it has two tokens', 'Bearer s3cret b', /something else/],
    ['it has something before it', 'xBearer s3cret', /something else/],
  ] as const) {
    it(`ends a call with UNAUTHENTICATED without calling verify when ${name}, and does not repeat the token`, async () => {
      let asked = 0;
      const { seen, call } = guarded(() => String(++asked));
      const status = statusToSend(await errorOf(call(authorization)))!;
      expect(status.code).to.equal(Code.UNAUTHENTICATED);
      expect(status.details).to.match(details).and.not.include('s3cret');
      expect([asked, seen]).to.deep.equal([0, []]);
    });
  }

  for (const nobody of [undefined, null, false]) {
    it(`ends a call with UNAUTHENTICATED when verify returns or resolves with ${nobody}`, async () => {
      for (const verify of [() => nobody, async () => nobody]) {
        const { seen, call } = guarded(verify);
        expect(statusToSend(await errorOf(call('Bearer t')))).to.include({
          code: Code.UNAUTHENTICATED,
          details: 'the token was not accepted',
        });
        expect(seen).to.deep.equal([]);
      }
    });
  }

  for (const somebody of [0, '', true]) {
    it(`passes a call on when verify returns or resolves with ${JSON.stringify(somebody)}`, async () => {
      for (const verify of [() => somebody, async () => somebody]) {
        const { seen, call } = guarded(verify);
        expect(await record(call('Bearer t')).ending).to.deep.equal({});
        expect(seen).to.deep.equal([somebody]);
      }
    });
  }

  it('does not accept an Observable as a result: a TypeError that is hidden', async () => {
    for (const verify of [() => of('u'), async () => of('u')]) {
      const { seen, call } = guarded(verify);
      const error = await errorOf(call('Bearer t'));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(/^verifyBearer: expected verify to return .* got an Observable/);
      expect([statusToSend(error), seen]).to.deep.equal([undefined, []]);
    }
  });

  it('accepts by its type an identity, undefined, null and false, but no Observable', () => {
    const use = (name: string | undefined) => {
      verifyBearer(user, () => name ?? Promise.resolve('x'));
      verifyBearer(contextKey<boolean>('may'), async () => false);
      verifyBearer(contextKey<any>('anything'), async () => name);
      verifyBearer(user, async () => name);
      verifyBearer(user, () => name ?? null);
      verifyBearer(user, () => name !== undefined && name);
      verifyBearer(contextKey<string | undefined>('name'), () => name);
      verifyBearer(user, async token => {
        try {
          return token.slice(1);
        } catch {
          return undefined;
        }
      });
      // @ts-expect-error an Observable is not a result
      verifyBearer(user, () => of('x'));
      // @ts-expect-error of another type than the key's
      verifyBearer(user, async () => 1);
    };
    expect(use).to.be.a('function');
  });

  const thrown: Record<string, unknown> = {
    'an Error': new Error('s3cret'),
    'something else': 's3cret',
    'an RpcError of another call': markReceived(new RpcError(Code.UNAVAILABLE, 's3cret')),
  };
  for (const [name, error] of Object.entries(thrown)) {
    it(`ends a call with the error that verify throws or rejects with, hidden from the caller: ${name}`, async () => {
      for (const verify of [
        () => {
          throw error;
        },
        () => Promise.reject(error),
      ]) {
        const { seen, call } = guarded(verify);
        const ended = await errorOf(call('Bearer t'));
        expect(ended).to.equal(error);
        expect([statusToSend(ended), seen]).to.deep.equal([undefined, []]);
      }
    });
  }

  it('ends a call with the RpcError that verify throws or rejects with', async () => {
    const error = new RpcError(Code.PERMISSION_DENIED, 'not you');
    for (const verify of [
      () => {
        throw error;
      },
      async () => {
        throw error;
      },
    ]) {
      expect(await errorOf(guarded(verify).call('Bearer t'))).to.equal(error);
    }
  });

  it("leaves the handler's own errors unchanged", async () => {
    const error = new Error('mine');
    const rpc = verifyBearer(user, () => 'u')(() => {
      throw error;
    }, method);
    expect(await errorOf(rpc(of(1), new FakeCall('Bearer t').call))).to.equal(error);
  });

  it('calls no handler and reads no request before the token is verified', async () => {
    const verified = deferred<string>();
    const request$ = new Subject<string>();
    const { seen, rpc } = guarded(() => verified.promise);
    const recording = record(rpc(request$, new FakeCall('Bearer t').call));
    await new Promise(setImmediate);
    expect([seen, request$.observed]).to.deep.equal([[], false]);
    verified.resolve('somebody');
    await verified.promise;
    await new Promise(setImmediate);
    expect([seen, request$.observed]).to.deep.equal([['somebody'], true]);
    request$.next('late');
    request$.complete();
    await recording.ending;
    expect(recording.values).to.deep.equal(['late']);
  });

  it('never calls the handler of a call that was unsubscribed meanwhile, whatever verify does', async () => {
    for (const isVerified of [true, false]) {
      const verified = deferred<string>();
      const verdict = verified.promise.then(() => {
        if (!isVerified) throw new Error('no');
        return 'somebody';
      });
      const { seen, call } = guarded(() => verdict);
      call('Bearer t').subscribe().unsubscribe();
      verified.resolve('');
      await (isVerified ? verdict : rejectionOf(verdict));
      await new Promise(setImmediate);
      expect(seen).to.deep.equal([]);
    }
  });

  it('calls nothing before the call is subscribed to, and passes verify the call', async () => {
    const calls: unknown[] = [];
    const fake = new FakeCall('Bearer t');
    const { rpc } = guarded((_, call) => {
      calls.push(call);
      return 'u';
    });
    const call$ = rpc(of(1), fake.call);
    expect(calls).to.deep.equal([]);
    await record(call$).ending;
    expect(calls).to.deep.equal([fake.call]);
  });

  it('refuses to run on a client, and refuses invalid arguments', () => {
    const { rpc } = guarded();
    expect(thrownBy(() => rpc(of(1), {} as any)).message).to.match(/verifyBearer: it is middleware of a server/);
    expect(thrownBy(() => verifyBearer('user' as any, () => 1)).message).to.match(/contextKey\(\), got string "user"/);
    expect(thrownBy(() => verifyBearer(user, 'x' as any)).message).to.match(/expected verify to be a function/);
  });
});
