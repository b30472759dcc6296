import { inspect } from 'node:util';
import { expect } from 'chai';
import { lastValueFrom, map, mergeMap, Observable, of } from 'rxjs';
import { attachCallSite } from '../../lib/client/attach-call-site.ts';
import { Code, pull, RpcError } from '../../lib/index.ts';

/** The stack at a subscription, inside rxjs and this library. */
function whereUsersSubscribe(): { readonly stack?: string } {
  let at: { readonly stack?: string } | undefined;
  const call$ = new Observable<number>(() => {
    at = captured();
  });
  const source$ = pull([1]);
  source$.pipe(mergeMap(() => call$.pipe(map(n => n)))).subscribe();
  return at!;
}

function captured(): { readonly stack?: string } {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, captured);
  Error.stackTraceLimit = limit;
  return trace;
}

const failure = (): RpcError => new RpcError(Code.ABORTED, 'two\nlines', { path: '/a.B/C' });
const stackOf = (frames: readonly string[]): string =>
  ['Error: x', ...frames.map(frame => `    at ${frame}`)].join('\n');

/** The part below "subscribed at:". */
const shown = (stack: string | undefined): string[] => {
  const below = attachCallSite(failure(), { stack: stack! }).stack!.split('\n    subscribed at:\n')[1];
  return below?.split('\n').map(line => line.replace(/^ {4}at /, '')) ?? [];
};

describe('attachCallSite', () => {
  it('shows the subscribing line below the error and its own frames', () => {
    const at = whereUsersSubscribe();
    expect(at.stack)
      .to.match(/node_modules.rxjs/)
      .and.to.match(/lib.backpressure.pull/);
    const error = failure();
    const own = error.stack!;
    expect(attachCallSite(error, at)).to.equal(error);
    const [before, below] = error.stack!.split('\n    subscribed at:\n');
    expect(before).to.equal(own);
    expect(before).to.match(/^RpcError: \/a\.B\/C ABORTED: two\nlines\n {4}at .*failure/);
    const frames = below!.split('\n');
    expect(
      frames.some(frame => /^ {4}at whereUsersSubscribe .*attach-call-site\.spec\.ts:\d+:\d+/.test(frame)),
    ).to.equal(true);
    expect(below).to.not.match(/node_modules.rxjs|[( ]node:|lib.backpressure/);
  });

  it('shows it in printed errors, beside what they show otherwise', () => {
    const cause = new Error('why');
    const error = attachCallSite(new RpcError(Code.ABORTED, 'x', { cause }), whereUsersSubscribe());
    const printed = inspect(error);
    expect(printed).to.match(/^RpcError: ABORTED: x\n {4}at /);
    expect(printed).to.match(/\n {4}subscribed at:\n(.*\n)* {4}at whereUsersSubscribe /);
    expect(printed).to.include("code: 'ABORTED'").and.to.include('cause: Error: why');
    expect(printed).to.not.match(/^ *\[?stack/m);
  });

  it('shows it for a rejected promise, such as that of lastValueFrom', async () => {
    const error = attachCallSite(failure(), { stack: stackOf(['user (/app/a.js:1:1)']) });
    const rejected: unknown = await lastValueFrom(
      of(1).pipe(
        map(() => {
          throw error;
        }),
      ),
    ).catch(reason => reason);
    expect((rejected as Error).stack).to.include('subscribed at:\n    at user (/app/a.js:1:1)');
  });

  it("resolves the subscription stack when the error's stack is first read, and once", () => {
    let formatted = 0;
    const at = {
      get stack() {
        formatted++;
        return stackOf(['user (/app/a.js:1:1)']);
      },
    };
    const error = attachCallSite(failure(), at);
    expect([error.message, error.code, formatted]).to.deep.equal([error.message, Code.ABORTED, 0]);
    expect(error.stack).to.equal(error.stack);
    expect(formatted).to.equal(1);
  });

  it('leaves a stack that can be set and is not enumerable', () => {
    const error = attachCallSite(failure(), { stack: stackOf(['user (/app/a.js:1:1)']) });
    expect(Object.keys(error)).to.not.include('stack');
    error.stack = 'mine';
    expect(error.stack).to.equal('mine');
    expect(Object.keys(error)).to.not.include('stack');
  });

  it('omits frames of rxjs, Node and this library, wherever they are installed and however they are written', () => {
    const lib = new URL('../../lib/', import.meta.url);
    const dist = new URL('../../dist/', import.meta.url);
    expect(
      shown(
        stackOf([
          `call (${lib.href}client/call.ts:1:1)`,
          `call (${lib.pathname}client/call.ts:1:1)`,
          `${dist.href}client/call.js:1:1`,
          'Observable.subscribe (/app/node_modules/rxjs/dist/cjs/internal/Observable.js:1:1)',
          'Observable.subscribe (/app/node_modules/rxjs/src/internal/Observable.ts:1:1)',
          'x (C:\\app\\node_modules\\rxjs\\dist\\cjs\\a.js:1:1)',
          'x (file:///app/node_modules/.pnpm/rxjs@7.8.2/node_modules/rxjs/dist/esm/a.js:1:1)',
          'process.processTicksAndRejections (node:internal/process/task_queues:1:1)',
          'node:internal/main/run_main_module:1:1',
          'async user (file:///app/lib/a.js:1:1)',
          'x (/app/node_modules/rxjs-extra/a.js:1:1)',
          'new Promise (<anonymous>)',
          `async ${lib.pathname}client/call.ts:1:1`,
          '<anonymous> (/app/a.js:1:1)',
          `user (/other${lib.pathname}a.js:1:1)`,
        ]),
      ),
    ).to.deep.equal([
      'async user (file:///app/lib/a.js:1:1)',
      'x (/app/node_modules/rxjs-extra/a.js:1:1)',
      '<anonymous> (/app/a.js:1:1)',
      `user (/other${lib.pathname}a.js:1:1)`,
    ]);
  });

  it('keeps them when there are no others', () => {
    const frames = ['x (/app/node_modules/rxjs/a.js:1:1)', 'node:internal/main/run_main_module:1:1'];
    expect(shown(stackOf(frames))).to.deep.equal(frames);
  });

  it('shows at most ten frames', () => {
    const frames = Array.from({ length: 11 }, (_, n) => `f${n} (/app/a.js:${n}:1)`);
    expect(shown(stackOf(frames.slice(0, 10)))).to.deep.equal(frames.slice(0, 10));
    expect(shown(stackOf(frames))).to.deep.equal(frames.slice(0, 10));
  });

  it('leaves the stack unchanged when nothing is known of the subscription', () => {
    for (const at of [{}, { stack: 'Error: x' }]) {
      const error = failure();
      const own = error.stack;
      expect(attachCallSite(error, at).stack).to.equal(own);
    }
  });

  it('can be applied to an error that already has a call site', () => {
    const once = attachCallSite(failure(), { stack: stackOf(['inner (/app/a.js:1:1)']) });
    const { stack } = attachCallSite(once, { stack: stackOf(['outer (/app/b.js:1:1)']) });
    expect(stack).to.match(/subscribed at:\n {4}at inner .*\n {4}subscribed at:\n {4}at outer /);
  });
});
