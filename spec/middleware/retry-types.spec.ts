import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { map, type Observable, of, skip } from 'rxjs';
import { type ClientMiddleware, type ClientMiddlewareOf, connect, type Message, type Method } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';

type Read = { readonly id: bigint; readonly name: string };
type Write = { readonly id?: bigint | undefined; readonly name?: string | undefined };
type Row = Message<Read, Write>;
declare const Rows: {
  readonly Up: Method<Row, Row, true, true>;
  readonly Down: Method<Row, Row, false, true>;
};

// Compiled, not run: mistakes here are errors of tsc.
describe('The types of resume in retry', () => {
  it('are those of the method for which it is configured by name', () => {
    const typed: ClientMiddlewareOf<typeof Rows>[] = [
      { up: retry({ resume: last => of({ id: last.id }) }) },
      {
        down: retry({
          maxAttempts: 3,
          resume: (last, request$) => {
            expectTypeOf(last).toEqualTypeOf<Read>();
            expectTypeOf(request$).toEqualTypeOf<Observable<Write>>();
            return request$.pipe(
              skip(1),
              map(request => ({ ...request, id: last.id })),
            );
          },
        }),
      },
      { up: retry({ resume: ({ name }) => of({ name }, {}) }), down: retry() },
      // @ts-expect-error it has no such field
      { up: retry({ resume: last => of({ id: last.key }) }) },
      // @ts-expect-error the field has another type
      { up: retry({ resume: last => of({ id: last.name }) }) },
      // @ts-expect-error one request is not an Observable
      { up: retry({ resume: last => ({ id: last.id }) }) },
    ];
    expect(typed).to.have.length(6);
  });

  it('are any in the middleware list of connect(), where TypeScript does not yet know the service', () => {
    const use = () =>
      connect(Rows, 'http://127.0.0.1:1', {
        middleware: [
          { up: retry({ resume: last => of({ id: last.id }) }) },
          { down: retry({ resume: (_, request$) => request$.pipe(skip(1)) }) },
          { up: retry<Write, Read>({ resume: last => of({ id: last.id }) }) },
          retry({ resume: last => of({ id: last.anything }) }),
          // @ts-expect-error the named types are not those of the method
          { up: retry<Write, Write>({ resume: last => of({ id: last.id }) }), down: retry<string, Read>() },
        ],
      });
    expect(use).to.be.a('function');
  });

  it('may be given explicitly', () => {
    const named = retry<Write, Read>({ resume: last => of({ id: last.id }) });
    expectTypeOf(named).toEqualTypeOf<ClientMiddleware<Write, Read>>();
    expectTypeOf(retry()).toEqualTypeOf<ClientMiddleware<any, any>>();
  });
});
