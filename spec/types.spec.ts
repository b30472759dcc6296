import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { expectTypeOf } from 'expect-type';
import { map, type Observable, of } from 'rxjs';
import { type CallOptions, connect, implement, load, type Method, pull, type ServerCall } from '../lib/index.ts';
import { concatMap, mergeMap } from '../lib/operators.ts';
import { Lab, type Note } from './support/lab.ts';

// Compiled, not run: mistakes here are errors of tsc.
describe('The types', () => {
  it('are any throughout for services from load(), and usable without casts', () => {
    const use = async () => {
      const { Users } = await load('protos/users.proto');
      const save = async (user: { name: string }) => ({ success: user.name !== '' });
      implement(Users, {
        createUser: (user$, call) => {
          expectTypeOf(call).toEqualTypeOf<ServerCall>();
          return user$.pipe(
            map(user => user),
            mergeMap(save, 8),
          );
        },
      });
      const users = connect(Users, 'http://127.0.0.1:3000');
      pull(() => [{ name: 'Ann' }])
        .pipe(
          users.createUser,
          map((result: any) => result.success),
        )
        .subscribe();
      users.createUser(of({}), { timeoutMs: 5 }).subscribe((result: any) => result.userId);
      implement(Users, users);
    };
    expectTypeOf(use).returns.resolves.toBeVoid();
  });

  it('accept a class instance, and handlers typed any, for untyped services', () => {
    const use = (service: any) => {
      class Handlers {
        get(note$: Observable<Note>) {
          return note$;
        }
      }
      implement(service, new Handlers());
      implement({ Get: service.Get }, { get: (note$: Observable<Note>) => note$ });
      connect({ Get: service.Get }, 'http://127.0.0.1:3000').get({ n: 1 }).subscribe();
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of a client match the service', () => {
    const use = () => {
      const lab = connect(Lab, 'http://127.0.0.1:3000');
      expectTypeOf(lab.bidi).parameter(0).toEqualTypeOf<Observable<Note>>();
      expectTypeOf(lab.unary).parameter(0).toEqualTypeOf<Note | Observable<Note>>();
      expectTypeOf(lab.unary).parameter(1).toEqualTypeOf<CallOptions | ServerCall | undefined>();
      expectTypeOf(lab.clientStream).returns.toEqualTypeOf<Observable<Note>>();
      expectTypeOf(of({ n: 1 }).pipe(lab.bidi)).toEqualTypeOf<Observable<Note>>();
      expectTypeOf(of({ n: 1 }).pipe(mergeMap(note => lab.serverStream(note)))).toEqualTypeOf<Observable<Note>>();
      // @ts-expect-error a stream of requests is not a message
      lab.bidi({ n: 1 });
      // @ts-expect-error there is no such method
      lab.bydi;
      // @ts-expect-error a wrong field of a message
      lab.unary({ n: 'one' });
      // @ts-expect-error options are not an index
      of({ n: 1 }).pipe(mergeMap(lab.unary));
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of middleware for a named method match its messages', () => {
    const use = () => {
      connect(Lab, 'http://127.0.0.1:3000', {
        middleware: [
          {
            bidi: rpc => (request$, call) => {
              expectTypeOf(request$).toEqualTypeOf<Observable<Note>>();
              expectTypeOf(call).toEqualTypeOf<CallOptions>();
              return rpc(request$, call);
            },
          },
        ],
      });
      implement.partial(
        Lab,
        {},
        {
          middleware: [
            {
              unary: rpc => (request$, call) => {
                expectTypeOf(request$).toEqualTypeOf<Observable<Note>>();
                expectTypeOf(call).toEqualTypeOf<ServerCall>();
                return rpc(request$, call);
              },
            },
          ],
        },
      );
      // @ts-expect-error there is no such method
      connect(Lab, 'http://127.0.0.1:3000', { middleware: [{ bydi: (rpc: any) => rpc }] });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of an implementation match the service', () => {
    const use = () => {
      implement.partial(Lab, { unary: note$ => note$.pipe(map(({ n }) => ({ n: n + 1 }))) });
      implement.partial(Lab, { unary: async () => ({ n: 1 }), serverStream: () => [{ n: 1 }] });
      implement(Lab, connect(Lab, 'http://127.0.0.1:3000'));
      // @ts-expect-error methods are missing
      implement(Lab, { unary: note$ => note$ });
      // @ts-expect-error a response of another type
      implement.partial(Lab, { unary: () => of({ n: 'one' }) });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of messages may differ for reading and writing', () => {
    type Greet = Method<
      import('../lib/index.ts').Message<{ name: string }, { name?: string }>,
      { greeting: string },
      false,
      false
    >;
    const use = (Greeter: { greet: Greet }) => {
      const client = connect(Greeter, 'http://127.0.0.1:3000');
      client.greet({}).subscribe(({ greeting }) => greeting.length);
      implement(Greeter, {
        greet: request$ => request$.pipe(map(({ name }) => ({ greeting: name.length.toFixed() }))),
      });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('of the paced operators are those of RxJS', () => {
    expectTypeOf(mergeMap).toEqualTypeOf<typeof import('rxjs').mergeMap>();
    expectTypeOf(concatMap).toEqualTypeOf<typeof import('rxjs').concatMap>();
  });

  it('match definitions that were generated for grpc-js, with or without an index signature', () => {
    interface WithIndex extends ServiceDefinition {
      SayHello: MethodDefinition<Note, { greeting: string }>;
    }
    interface Plain {
      readonly sayHello: MethodDefinition<Note, { greeting: string }>;
    }
    const use = (withIndex: WithIndex, plain: Plain, untold: ServiceDefinition) => {
      const client = connect(withIndex, 'http://127.0.0.1:3000');
      client.sayHello({ n: 1 }).subscribe(({ greeting }) => greeting.length);
      // @ts-expect-error there is no such method
      client.sayGoodbye;
      implement(withIndex, { sayHello: note$ => note$.pipe(map(({ n }) => ({ greeting: `${n}` }))) });
      // @ts-expect-error there is no such method
      implement.partial(withIndex, { sayGoodbye: () => of({ greeting: '' }) });
      connect(plain, 'http://127.0.0.1:3000').sayHello({ n: 1 });
      connect(untold, 'http://127.0.0.1:3000')['anything']?.({}, {});
    };
    expectTypeOf(use).toBeFunction();
  });
});
