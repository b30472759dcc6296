import type { Metadata } from '@grpc/grpc-js';
import { expectTypeOf } from 'expect-type';
import { map, type Observable, of, tap } from 'rxjs';
import {
  type CallContext,
  type CallOptions,
  type CallWithMetadata,
  type ClientMiddleware,
  type ClientOf,
  type Code,
  type ContextKey,
  compose,
  connect,
  contextKey,
  forward,
  implement,
  loopback,
  type Message,
  type Method,
  type MethodInfo,
  type Middleware,
  type Rpc,
  type RpcError,
  type ServerCall,
  type ServerMiddleware,
  type Status,
  serve,
  withCall,
} from '../lib/index.ts';
import { Lab, type Note } from './support/lab.ts';

declare const client: ClientOf<typeof Lab>;
declare const call: ServerCall;
declare const both: Middleware;
declare const ofClient: ClientMiddleware;
declare const ofServer: ServerMiddleware;

/** A message whose types differ for reading and writing. */
type Read = { readonly id: string; readonly age: number };
type Write = { readonly id?: string; readonly age?: number };
declare const People: { readonly get: Method<Message<Read, Write>, Message<Read, Write>, false, true> };

const target = 'http://127.0.0.1:1';

// Compiled, not run: mistakes here are errors of tsc.
describe('The types of calls', () => {
  it('accept options or a ServerCall, and nothing else', () => {
    const use = () => {
      client.unary({ n: 1 }, { timeoutMs: 5, metadata: { a: 'x', b: ['y'], 'c-bin': new Uint8Array() } });
      client.bidi(of({ n: 1 }), call);
      client.bidi(of({ n: 1 }), { parent: call, compression: 'gzip', host: 'h', waitForReady: true });
      client.unary({ n: 1 }, { ...forward(call, ['a']), timeoutMs: 5 });
      client.unary({ n: 1 }, { signal: undefined, deadline: undefined });
      // @ts-expect-error there is no such option
      client.unary({ n: 1 }, { timeout: 5 });
      // @ts-expect-error a deadline is a Date
      client.unary({ n: 1 }, { deadline: 5 });
      // @ts-expect-error a metadata value is a string or bytes
      client.unary({ n: 1 }, { metadata: { a: 5 } });
      // @ts-expect-error there is no such compression
      client.unary({ n: 1 }, { compression: 'br' });
      // @ts-expect-error keys are a list
      forward(call, 'a');
      // @ts-expect-error options are not a call
      forward({ timeoutMs: 5 }, []);
    };
    expectTypeOf(use).toBeFunction();
    expectTypeOf(forward).returns.toEqualTypeOf<CallOptions>();
  });

  it('make a ServerCall read-only, with optional members marked as such', () => {
    expectTypeOf<ServerCall['deadline']>().toEqualTypeOf<Date | undefined>();
    expectTypeOf<ServerCall['cancelled$']>().toEqualTypeOf<Observable<RpcError>>();
    expectTypeOf<ServerCall['context']>().toEqualTypeOf<CallContext>();
    expectTypeOf<ServerCall['method']>().toEqualTypeOf<MethodInfo>();
    const use = () => {
      call.sendHeaders({ a: 'x' });
      call.trailers.set('a', 'x');
      // @ts-expect-error the certificate may be absent
      call.peerCertificate.subject;
      // @ts-expect-error it is read-only
      call.deadline = new Date();
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of withCall match the method', () => {
    const use = () => {
      const unary = withCall(client.unary, { n: 1 });
      expectTypeOf(unary).toEqualTypeOf<CallWithMetadata<Note>>();
      expectTypeOf(unary.headers$).toEqualTypeOf<Observable<Metadata>>();
      expectTypeOf(unary.status$).toEqualTypeOf<Observable<Status>>();
      expectTypeOf<Status['code']>().toEqualTypeOf<Code>();
      withCall(client.serverStream, of({ n: 1 }), call);
      expectTypeOf(withCall(client.bidi, of({ n: 1 }), { timeoutMs: 5 }).response$).toEqualTypeOf<Observable<Note>>();
      const people = connect(People, target);
      expectTypeOf(withCall(people.get, { id: 'x' }).response$).toEqualTypeOf<Observable<Read>>();
      // @ts-expect-error a stream of requests is not a message
      withCall(client.bidi, { n: 1 });
      // @ts-expect-error a wrong field
      withCall(client.unary, { n: 'one' });
      // @ts-expect-error there is no such option
      withCall(client.unary, { n: 1 }, { timeout: 5 });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of a context match its keys', () => {
    const user = contextKey<{ readonly id: string }>('user');
    const tries = contextKey('tries', 0);
    expectTypeOf(user).toEqualTypeOf<ContextKey<{ readonly id: string } | undefined>>();
    expectTypeOf(tries).toEqualTypeOf<ContextKey<number>>();
    const use = () => {
      expectTypeOf(call.context.get(user)).toEqualTypeOf<{ readonly id: string } | undefined>();
      expectTypeOf(call.context.get(tries)).toEqualTypeOf<number>();
      call.context.set(user, { id: 'x' }).set(tries, 1);
      // @ts-expect-error a value of another type
      call.context.set(tries, 'one');
      // @ts-expect-error it may be absent
      call.context.get(user).id;
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe('The types of middleware', () => {
  const service = () => implement.partial(Lab, {});

  it('separate client and server, and accept middleware that supports both', () => {
    const use = () => {
      connect(Lab, target, { middleware: [both, ofClient, { unary: both, bidi: ofClient }] });
      implement.partial(Lab, {}, { middleware: [both, ofServer, { unary: both, bidi: ofServer }] });
      serve(target, service(), { middleware: [both, ofServer] });
      loopback(service(), { middleware: [both, ofClient], server: { middleware: [both, ofServer] } });
      // @ts-expect-error middleware of a server
      connect(Lab, target, { middleware: [ofServer] });
      // @ts-expect-error middleware of a server, for one method
      connect(Lab, target, { middleware: [{ unary: ofServer }] });
      // @ts-expect-error middleware of a client
      implement.partial(Lab, {}, { middleware: [ofClient] });
      // @ts-expect-error middleware of a client, for one method
      implement.partial(Lab, {}, { middleware: [{ unary: ofClient }] });
      // @ts-expect-error middleware of a client
      serve(target, service(), { middleware: [ofClient] });
      // @ts-expect-error middleware of a server
      loopback(service(), { middleware: [ofServer] });
      // @ts-expect-error a server has no methods of its own
      serve(target, service(), { middleware: [{ unary: both }] });
      // @ts-expect-error there is no such method
      connect(Lab, target, { middleware: [{ unari: both }] });
      // @ts-expect-error there is no such method
      implement.partial(Lab, {}, { middleware: [{ unari: both }] });
      // @ts-expect-error a list is expected
      connect(Lab, target, { middleware: both });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('are preserved by compose', () => {
    const use = () => {
      expectTypeOf(compose(both, both)).toEqualTypeOf<Middleware>();
      expectTypeOf(compose(both, ofServer)).toEqualTypeOf<ServerMiddleware>();
      expectTypeOf(compose(ofClient, both)).toEqualTypeOf<ClientMiddleware>();
      expectTypeOf(compose()).toEqualTypeOf<Middleware>();
      // @ts-expect-error no side supports both
      compose(ofServer, ofClient);
      // @ts-expect-error an RPC is not middleware
      compose((request$: Observable<Note>) => request$);
    };
    expectTypeOf(use).toBeFunction();
  });

  it('include the call of their side, and the messages of the method they are given for', () => {
    const use = () => {
      connect(Lab, target, {
        middleware: [
          (rpc, method) => (request$, options) => {
            expectTypeOf(method).toEqualTypeOf<MethodInfo>();
            expectTypeOf(options).toEqualTypeOf<CallOptions>();
            expectTypeOf(rpc).toEqualTypeOf<Rpc<CallOptions>>();
            return rpc(request$, { ...options, timeoutMs: 500 });
          },
        ],
      });
      connect(People, target, {
        middleware: [
          {
            get: rpc => (request$, options) => {
              expectTypeOf(request$).toEqualTypeOf<Observable<Write>>();
              return rpc(request$.pipe(map(({ id }) => ({ id: id ?? '' }))), options).pipe(
                tap(read => expectTypeOf(read).toEqualTypeOf<Read>()),
              );
            },
          },
        ],
      });
      implement(
        People,
        { get: request$ => request$ },
        {
          middleware: [
            {
              get: rpc => (request$, call) => {
                expectTypeOf(call).toEqualTypeOf<ServerCall>();
                expectTypeOf(request$).toEqualTypeOf<Observable<Read>>();
                return rpc(request$, call).pipe(tap(write => expectTypeOf(write).toEqualTypeOf<Write>()));
              },
            },
          ],
        },
      );
      serve(target, service(), {
        middleware: [
          rpc => (request$, call) => {
            expectTypeOf(call).toEqualTypeOf<ServerCall>();
            return rpc(request$, call);
          },
        ],
      });
      // @ts-expect-error a response of another type
      connect(Lab, target, { middleware: [{ unary: () => () => of({ n: 'one' }) }] });
      // @ts-expect-error a promise is not an Observable
      const awaits: ServerMiddleware = () => async () => of(1);
      serve(target, service(), { middleware: [awaits] });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('permit middleware for either side, which checks the call', () => {
    const either: Middleware = rpc => (request$, call) => rpc(request$, call);
    expectTypeOf(either).toExtend<ClientMiddleware>();
    expectTypeOf(either).toExtend<ServerMiddleware>();
  });

  it('are any for an untyped service', () => {
    const use = (untyped: any) => {
      connect(untyped, target, { middleware: [both, { anything: ofClient }] });
      implement(untyped, {}, { middleware: [both, { anything: ofServer }] });
    };
    expectTypeOf(use).toBeFunction();
  });
});
