import { expect } from 'chai';
import { from, lastValueFrom, NEVER, type Observable, of } from 'rxjs';
import { checkMiddleware, wrap } from '../../lib/core/middleware.ts';
import { compose, connect, implement, type Middleware, type Rpc, serve } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';
import { errorOf, rejectionOf, thrownBy } from '../support/record.ts';

const echo: Rpc<any> = request$ => request$;

/** Logs when it wraps an RPC, and when a call passes through. */
const noting =
  (name: string, notes: string[]): Middleware =>
  (rpc, { path }) => {
    notes.push(`${name} before ${path}`);
    return (request$, call) => {
      notes.push(name);
      return rpc(request$, call);
    };
  };

/** Values that are not middleware, or return none. */
const unfit: readonly [middleware: unknown, message: RegExp][] = [
  [5, /expected middleware to be a function \(rpc, method\) => rpc, got number/],
  [undefined, /expected middleware to be a function .* got undefined/],
  [null, /expected middleware to be a function .* got null/],
  [of(1), /expected middleware to be a function .* got an object \(Observable\)/],
];
const barren: readonly [middleware: unknown, message: RegExp][] = [
  [() => undefined, /\/lab\.Lab\/Unary: expected middleware to return a function \(request\$, call\), got undefined/],
  [() => NEVER, /to return a function \(request\$, call\), got an object \(Observable\)/],
  [function named() {}, /expected the middleware named to return a function/],
];

describe('compose', () => {
  it('puts the first middleware outermost, and calls each once per call', async () => {
    const notes: string[] = [];
    const all = compose(noting('a', notes), compose(noting('b', notes), noting('c', notes)), noting('d', notes));
    const rpc = all(echo, Lab.unary);
    expect(notes.splice(0)).to.deep.equal(['d', 'c', 'b', 'a'].map(name => `${name} before /lab.Lab/Unary`));
    const request$ = of(1);
    for (let i = 0; i < 2; i++) expect(await lastValueFrom(rpc(request$, {}))).to.equal(1);
    expect(notes).to.deep.equal(['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']);
  });

  it('of an empty list returns the RPC itself', () => {
    expect(compose()(echo, Lab.unary)).to.equal(echo);
  });

  it('refuses at once what is not a function, and for the method one that returns no function', () => {
    for (const [middleware, message] of unfit) {
      expect(thrownBy(() => compose(middleware as never)).message)
        .to.match(/^compose: /)
        .and.to.match(message);
    }
    for (const [middleware, message] of barren) {
      const all = compose(noting('a', []), middleware as Middleware);
      expect(thrownBy(() => all(echo, Lab.unary)).message).to.match(message);
    }
  });

  it('names the middleware that returned no Observable', () => {
    const inner: Middleware = () => () => from([1]);
    const outer = function outer() {
      return () => [1];
    };
    const rpc = compose(noting('a', []), outer as never, inner)(echo, Lab.unary);
    const error = thrownBy(() => rpc(of(1), {}));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      '/lab.Lab/Unary: expected the middleware outer to return an Observable of responses, got an object (Array)',
    );
  });
});

describe('wrap', () => {
  it('returns undefined when no middleware applies, so that the RPC is called directly', () => {
    for (const none of [undefined, [], [{}], [{ other: () => echo }], [{ unary: undefined }]]) {
      expect(wrap(echo, none, 'unary', Lab.unary)).to.equal(undefined);
    }
  });

  it('uses only own properties of an object', () => {
    for (const name of ['toString', 'constructor', 'valueOf']) {
      expect(wrap(echo, [{}], name, Lab.unary)).to.equal(undefined);
    }
  });

  it('applies the middleware for all methods and for this one, in list order', () => {
    const notes: string[] = [];
    const list = [
      { unary: noting('a', notes), bidi: noting('x', notes) },
      noting('b', notes),
      { unary: noting('c', notes) },
    ];
    wrap(echo, list, 'unary', Lab.unary)!(of(1), {});
    expect(notes).to.deep.equal([...['c', 'b', 'a'].map(name => `${name} before /lab.Lab/Unary`), 'a', 'b', 'c']);
  });

  it('passes on only Observables of requests', () => {
    const losing: Middleware = rpc => (_, call) => rpc(undefined as unknown as Observable<any>, call);
    const rpc = wrap(echo, [losing], 'unary', Lab.unary)!;
    expect(thrownBy(() => rpc(of(1), {})).message).to.equal(
      '/lab.Lab/Unary: expected middleware to pass on an Observable of requests, got undefined',
    );
  });
});

describe('Invalid middleware', () => {
  it('is refused by connect, implement and serve before they open anything', async () => {
    const service = implement.partial(Lab, { unary: echo });
    for (const [middleware, message] of [...unfit, ...barren]) {
      const options = { middleware: [middleware] } as never;
      const [byConnect, byImplement, byServe] = [
        thrownBy(() => connect(Lab, 'http://127.0.0.1:1', options)),
        thrownBy(() => implement.partial(Lab, { unary: echo }, options)),
        await rejectionOf(serve('http://127.0.0.1:0', service, options)),
      ];
      for (const error of [byConnect, byImplement, byServe]) {
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.match(message);
      }
    }
  });

  it('is refused as an invalid list', async () => {
    for (const middleware of [() => echo, {}, 'x', null]) {
      const options = { middleware } as never;
      const message = /expected middleware to be a list, got/;
      expect(() => connect(Lab, 'http://127.0.0.1:1', options)).to.throw(TypeError, message);
      expect(() => implement.partial(Lab, {}, options)).to.throw(TypeError, message);
      expect(String(await rejectionOf(serve('http://127.0.0.1:0', [], options)))).to.match(message);
    }
    expect(() => checkMiddleware('x', undefined)).to.not.throw();
  });

  it('is refused for an unknown method, by name', async () => {
    const options = { middleware: [{ unari: () => echo }] } as never;
    const message = /middleware is given for "unari", the methods are unary, serverStream, clientStream, bidi/;
    expect(() => connect(Lab, 'http://127.0.0.1:1', options)).to.throw(TypeError, message);
    expect(() => implement.partial(Lab, {}, options)).to.throw(TypeError, message);
    const byName = { middleware: [{ unary: () => echo }] } as never;
    expect(String(await rejectionOf(serve('http://127.0.0.1:0', [], byName)))).to.match(
      /to be a function .*\(Object\)/,
    );
    const wrong = { middleware: [{ unary: 5 }] } as never;
    expect(() => connect(Lab, 'http://127.0.0.1:1', wrong)).to.throw(TypeError, /to be a function .* got number/);
  });

  it('throws at once when it throws while wrapping a method', async () => {
    const failure = new Error('mine');
    const middleware: Middleware[] = [
      () => {
        throw failure;
      },
    ];
    expect(thrownBy(() => connect(Lab, 'http://127.0.0.1:1', { middleware }))).to.equal(failure);
    expect(thrownBy(() => implement.partial(Lab, { unary: echo }, { middleware }))).to.equal(failure);
    const service = implement.partial(Lab, { unary: echo });
    expect(await rejectionOf(serve('http://127.0.0.1:0', service, { middleware }))).to.equal(failure);
  });

  it('of a client ends the call with an error, like an invalid result', async () => {
    const client = connect(Lab, 'http://127.0.0.1:1', { middleware: [() => (() => Promise.resolve()) as never] });
    const error = await errorOf(client.unary({ n: 1 }));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.match(/to return an Observable of responses, got an object \(Promise\); .*mergeMap/);
    client[Symbol.dispose]();
  });
});
