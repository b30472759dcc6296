import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import type { Observable } from 'rxjs';
import { firstValueFrom, of } from 'rxjs';
import { Code, close, connect, implement, serve } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { errorOf, thrownBy } from '../support/record.ts';

const echo = (request$: Observable<Note>) => request$;
const whole = { unary: echo, serverStream: echo, clientStream: echo, bidi: echo };

describe('implement', () => {
  const bench = useBench();

  it('refuses an implementation with a missing, surplus or mistyped method, and names it', () => {
    const { bidi: _, ...less } = whole;
    expect(thrownBy(() => implement(Lab, less as never)).message).to.match(/"bidi" \(\/lab\.Lab\/Bidi\).*partial/);
    expect(thrownBy(() => implement(Lab, { ...whole, bido: echo } as never)).message).to.match(/no method "bido"/);
    expect(thrownBy(() => implement.partial(Lab, { bido: echo } as never)).message).to.match(/no method "bido"/);
    expect(thrownBy(() => implement(Lab, { ...whole, bidi: 5 } as never)).message).to.match(/"bidi".*number/);
    for (const implementation of [undefined, null, 5, echo]) {
      expect(thrownBy(() => implement(Lab, implementation as never))).to.be.an.instanceOf(TypeError);
    }
    expect(thrownBy(() => implement({} as never, whole as never))).to.be.an.instanceOf(TypeError);
  });

  it('does not accept inherited object properties as handlers', () => {
    class Nothing {}
    for (const name of ['Constructor', 'ToString']) {
      const service = { [name]: { ...Lab.unary, path: `/lab.Lab/${name}` } };
      for (const implementation of [{}, new Nothing()]) {
        expect(thrownBy(() => implement(service, implementation as never)).message).to.match(/got undefined/);
      }
    }
  });

  it('answers methods that partial() omits with UNIMPLEMENTED', async () => {
    const { client } = await bench.run({ unary: echo });
    expect(await firstValueFrom(client.unary({ n: 1 }))).to.deep.equal({ n: 1 });
    expect(await errorOf(client.bidi(of({ n: 1 })))).to.include({ code: Code.UNIMPLEMENTED });
  });

  it('accepts a class instance, and calls its methods on it', async () => {
    class Service {
      readonly #add: number;
      constructor(add: number) {
        this.#add = add;
      }
      async unary(request$: Observable<Note>) {
        return { n: (await firstValueFrom(request$)).n + this.#add };
      }
      serverStream = echo;
      clientStream = echo;
      bidi = echo;
      helper() {}
    }
    const server = await serve('http://127.0.0.1:0', implement(Lab, new Service(10)));
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    expect(await firstValueFrom(bench.connect(server).unary({ n: 1 }))).to.deep.equal({ n: 11 });
  });

  it('returns what a grpc-js server accepts', async () => {
    const grpc = new GrpcServer();
    const { definition, implementation } = implement(Lab, whole);
    grpc.addService(definition, implementation);
    const port = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    bench.onEnd(() => grpc.forceShutdown());
    const client = connect(Lab, `http://127.0.0.1:${port}`);
    bench.onEnd(() => close(client));
    expect(await firstValueFrom(client.bidi(of({ n: 1 })))).to.deep.equal({ n: 1 });
  });

  it('passes the handler its call: path, method, metadata, peer, no deadline', async () => {
    const seen: unknown[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        const { path, method, metadata, peer, deadline } = call;
        seen.push([
          path,
          method.requestStream,
          method.responseStream,
          metadata.get('a'),
          /^127\.0\.0\.1:\d+$/.test(peer),
          deadline,
        ]);
        return request$;
      }),
    );
    await firstValueFrom(client.clientStream(of({ n: 1 }), { metadata: { a: 'b' } }));
    expect(seen).to.deep.equal([['/lab.Lab/ClientStream', true, false, ['b'], true, undefined]]);
  });
});
