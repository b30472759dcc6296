import { type CallCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER, type Observable, of, throwError } from 'rxjs';
import { statusToSend } from '../../lib/core/error-status.ts';
import { toMetadata } from '../../lib/core/metadata.ts';
import { type CallOptions, Code, RpcError } from '../../lib/index.ts';
import { bearer } from '../../lib/middleware.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';
import { FakeCall, method } from './support/fakes.ts';

type Token = Parameters<typeof bearer>[0];

const ask = (given: CallCredentials | undefined): Promise<Metadata> =>
  given!.generateMetadata({ service_url: 'https://x', method_name: '' } as any);

/** An RPC that generates the credentials' metadata like grpc-js, and fails like grpc-js when that fails. */
function call(token: Token, options: CallOptions = {}, { allowPlaintext = false } = {}) {
  const sent: CallOptions[] = [];
  const rpc = bearer(token, { allowPlaintext })((request$, seen): Observable<unknown> => {
    sent.push(seen);
    if (seen.credentials === undefined) return request$;
    return new (request$.constructor as any)((output: any) => {
      ask(seen.credentials).then(
        metadata => {
          output.next(metadata.get('authorization')[0]);
          output.complete();
        },
        error =>
          output.error(new RpcError(error.code, `Getting metadata from plugin failed with error: ${error.message}`)),
      );
    });
  }, method);
  return { sent, call$: rpc(of('request'), options) };
}

const authorizationIn = ({ metadata }: CallOptions) => toMetadata(metadata).get('authorization');

/** All texts of an error and of its cause. */
const said = (error: any): string => [error.message, error.stack, error.cause?.message, error.cause?.stack].join();

const failing: Record<string, () => any> = {
  throws: () => {
    throw new Error('no key');
  },
  rejects: async () => {
    throw new Error('no key');
  },
};
const unfit: Record<string, any> = {
  'a line break': 's3cret\r\nx-admin: 1',
  'a space': 's3 cret',
  'letters beyond ASCII': 's3crét',
  nothing: '',
};

describe('bearer', () => {
  const tokens: Record<string, Token> = {
    'a text': 't0ken',
    'a function': () => 't0ken',
    'an async function': async () => 't0ken',
  };
  for (const [name, token] of Object.entries(tokens)) {
    it(`passes the token to grpc-js as credentials of the call: ${name}`, async () => {
      const { sent, call$ } = call(token, { timeoutMs: 5 });
      const { ending, values } = record(call$);
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal(['Bearer t0ken']);
      expect(sent[0]).to.have.property('timeoutMs', 5);
      expect(sent[0]).to.not.have.property('metadata');
    });

    it(`adds the token to the metadata of the caller when plaintext is allowed: ${name}`, async () => {
      const metadata = new Metadata();
      metadata.set('x', 'y');
      const { sent, call$ } = call(token, { metadata }, { allowPlaintext: true });
      const { ending, values } = record(call$);
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal(['request']);
      expect(toMetadata(sent[0]!.metadata).getMap()).to.deep.equal({ x: 'y', authorization: 'Bearer t0ken' });
      expect(sent[0]).to.not.have.property('credentials');
      expect(metadata.getMap()).to.deep.equal({ x: 'y' });
    });
  }

  it('calls the function for each call, and not before it is subscribed to', async () => {
    for (const allowPlaintext of [true, false]) {
      let asked = 0;
      const { sent, call$ } = call(() => `t${++asked}`, {}, { allowPlaintext });
      expect(asked).to.equal(0);
      const seen = [];
      for (let n = 0; n < 2; n++) {
        const { ending, values } = record(call$);
        await ending;
        seen.push(allowPlaintext ? authorizationIn(sent.at(-1)!)[0] : values[0]);
      }
      expect(seen).to.deep.equal(['Bearer t1', 'Bearer t2']);
    }
  });

  it('is combined with the credentials of the call', async () => {
    const given = credentials.createFromMetadataGenerator((_, callback) => {
      const metadata = new Metadata();
      metadata.set('x', 'y');
      callback(null, metadata);
    });
    const { sent, call$ } = call('t0ken', { credentials: given });
    await record(call$).ending;
    expect((await ask(sent[0]!.credentials)).getMap()).to.deep.equal({ x: 'y', authorization: 'Bearer t0ken' });
  });

  for (const allowPlaintext of [true, false]) {
    it(`leaves a call with its own authorization alone; allowPlaintext: ${allowPlaintext}`, async () => {
      const options = { metadata: { Authorization: 'Basic x' } };
      const { sent, call$ } = call('t0ken', options, { allowPlaintext });
      await record(call$).ending;
      expect(sent).to.deep.equal([options]);
    });

    for (const [how, token] of Object.entries(failing)) {
      it(`ends with UNAUTHENTICATED and the cause when the function ${how}; allowPlaintext: ${allowPlaintext}`, async () => {
        const error = await errorOf(call(token, {}, { allowPlaintext }).call$);
        expect(error).to.include({ code: Code.UNAUTHENTICATED, path: method.path });
        expect(error.details).to.equal('the token to send could not be obtained');
        expect(error.cause).to.have.property('message', 'no key');
        expect(statusToSend(error)).to.equal(undefined); // a server does not show it to its own caller
      });
    }

    for (const [what, token] of Object.entries<any>({ ...unfit, undefined, 'an object': { s3cret: 1 } })) {
      it(`ends with UNAUTHENTICATED, and does not repeat the token, when the function returns an invalid token (${what}); allowPlaintext: ${allowPlaintext}`, async () => {
        const error = await errorOf(call(() => token, {}, { allowPlaintext }).call$);
        expect(error).to.include({ code: Code.UNAUTHENTICATED });
        expect(error.cause).to.be.instanceOf(TypeError);
        expect(said(error)).to.not.include('s3');
      });
    }
  }

  for (const [what, token] of Object.entries({ ...unfit, undefined, 'a number': 5, 'an object': {} })) {
    it(`refuses at once an invalid token (${what}), and does not repeat it`, () => {
      const error = thrownBy(() => bearer(token as string));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(/^bearer: expected the token to be/);
      expect(said(error)).to.not.include('s3');
    });
  }

  it('passes on an UNAUTHENTICATED of the server unchanged', async () => {
    const error = new RpcError(Code.UNAUTHENTICATED, 'expired');
    const rpc = bearer(() => 't0ken')(() => throwError(() => error), method);
    expect(await errorOf(rpc(of(1), {}))).to.equal(error);
  });

  describe('while it waits for the token over plaintext', () => {
    const waiting = (options: CallOptions) =>
      call(() => new Promise<string>(() => {}), options, { allowPlaintext: true });

    it('ends when the deadline passes, the signal aborts or the parent is cancelled, and starts no call', async () => {
      const controller = new AbortController();
      const parent = new FakeCall();
      const late = waiting({ timeoutMs: 1 });
      const aborted = waiting({ signal: controller.signal });
      const orphan = waiting({ parent: parent.call });
      const errors = Promise.all([late, aborted, orphan].map(({ call$ }) => errorOf(call$)));
      controller.abort();
      parent.cancel();
      expect((await errors).map(({ code }) => code)).to.deep.equal([
        Code.DEADLINE_EXCEEDED,
        Code.CANCELLED,
        Code.CANCELLED,
      ]);
      expect([late, aborted, orphan].flatMap(({ sent }) => sent)).to.deep.equal([]);
    });

    it('starts no call after an unsubscribe', async () => {
      const { sent, call$ } = call(async () => 't0ken', {}, { allowPlaintext: true });
      call$.subscribe().unsubscribe();
      await new Promise(setImmediate);
      expect(sent).to.deep.equal([]);
    });

    it('counts the wait as time of the call', async () => {
      const { sent, call$ } = call(async () => 't0ken', { timeoutMs: 60_000 }, { allowPlaintext: true });
      await record(call$).ending;
      expect(sent[0]).to.not.have.property('timeoutMs');
      expect(sent[0]!.deadline!.getTime() - Date.now()).to.be.within(1, 60_000);
    });
  });

  it('refuses to run on a server, and refuses unknown options', async () => {
    const rpc = bearer('t')(() => NEVER, method);
    expect((await errorOf(rpc(of(1), new FakeCall().call as any))).message).to.match(/it is middleware of a client/);
    expect(thrownBy(() => bearer('t', { plaintext: true } as any)).message).to.match(/no option "plaintext"/);
    expect(thrownBy(() => bearer('t', { allowPlaintext: 1 } as any)).message).to.match(/allowPlaintext to be true or/);
  });
});
