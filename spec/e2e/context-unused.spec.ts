import { expect } from 'chai';
import { runChild } from '../support/run-child.ts';

describe('AsyncLocalStorage', () => {
  const child = async (program: string): Promise<any> => {
    const { stdout, stderr, code } = await runChild(`
      import { AsyncLocalStorage, createHook } from 'node:async_hooks';
      import { range, map, lastValueFrom, count } from 'rxjs';
      import { bindContext, bindKnownContext, captureContext } from 'lib/core/async-context.ts';
      import { implement } from 'lib/server/implement.ts';
      import { serve } from 'lib/server/serve.ts';
      import { connect } from 'lib/client/connect.ts';
      import { close } from 'lib/client/client.ts';
      import { Lab } from 'support/lab.ts';
      const work = () => {};
      const isTheVeryFunction = () =>
        bindContext(work) === work && bindKnownContext(work) === work && captureContext() === undefined;
      ${program}`);
    expect([stderr, code]).to.deep.equal(['', 0]);
    return JSON.parse(stdout);
  };
  const calls = `
    let made = 0;
    createHook({ init: (_id, type) => { if (type === 'rx-grpc') made++; } }).enable();
    const server = await serve('http://127.0.0.1:0', implement.partial(Lab, { bidi: request$ => request$ }));
    const client = connect(Lab, server.target);
    const madeBy = async notes => {
      const before = made;
      const echoed = await lastValueFrom(client.bidi(range(0, notes).pipe(map(n => ({ n })))).pipe(count()));
      if (echoed !== notes) throw new Error('lost');
      return made - before;
    };
    await madeBy(1);
    const perCall = [await madeBy(1), await madeBy(1000)];
    close(client);
    await server.shutdown();`;

  it('binds nothing while it is unused: bindContext returns the same function, and only calls check for use, not messages', async () => {
    const { perCall, isUnused } = await child(`
      new AsyncLocalStorage();
      ${calls}
      console.log(JSON.stringify({ perCall, isUnused: isTheVeryFunction() }));`);
    expect(perCall[0]).to.be.within(1, 6);
    expect(perCall[1]).to.equal(perCall[0]);
    expect(isUnused).to.equal(true);
  });

  it('counts as used from the first call made with a store, and messages still create no resource', async () => {
    const { perCall, before, after } = await child(`
      const storage = new AsyncLocalStorage();
      const before = isTheVeryFunction();
      storage.run(0, () => bindContext(work));
      ${calls}
      console.log(JSON.stringify({ perCall, before, after: isTheVeryFunction() }));`);
    expect([before, after]).to.deep.equal([true, false]);
    expect(perCall[0]).to.be.within(1, 12);
    expect(perCall[1]).to.equal(perCall[0]);
  });

  for (const store of ['0', "''", 'null', 'new Map()', 'new Map([[1, undefined]])', 'Symbol()']) {
    it(`counts as used when the store is ${store}`, async () => {
      const [before, after] = await child(`
        const before = isTheVeryFunction();
        new AsyncLocalStorage().run(${store}, () => bindContext(work));
        console.log(JSON.stringify([before, isTheVeryFunction()]));`);
      expect([before, after]).to.deep.equal([true, false]);
    });
  }

  it('does not count as used with an undefined store, or one that was exited', async () => {
    const isUnused = await child(`
      const storage = new AsyncLocalStorage();
      storage.run(undefined, () => bindContext(work));
      storage.run({}, () => {});
      storage.run({}, () => storage.exit(() => bindContext(work)));
      console.log(isTheVeryFunction());`);
    expect(isUnused).to.equal(true);
  });

  it('is released with its call, except one per connection: grpc-js creates a timer in its first call', async () => {
    const { stdout, stderr } = await runChild(
      `
      import { AsyncLocalStorage } from 'node:async_hooks';
      import { lastValueFrom, of } from 'rxjs';
      import { implement } from 'lib/server/implement.ts';
      import { serve } from 'lib/server/serve.ts';
      import { connect } from 'lib/client/connect.ts';
      import { close, state$ } from 'lib/client/client.ts';
      import { Lab } from 'support/lab.ts';
      const storage = new AsyncLocalStorage();
      const echo = request$ => request$;
      const stores = [];
      const newStore = () => { const store = { ...Lab }; stores.push(new WeakRef(store)); return store; };
      const withStore = rpc => (request$, call) => storage.run(newStore(), () => rpc(request$, call));
      const service = implement(Lab, { unary: echo, serverStream: echo, clientStream: echo, bidi: echo });
      const server = await serve('http://127.0.0.1:0', service, { middleware: [withStore] });
      const client = connect(Lab, server.target);
      state$(client).subscribe();
      for (let round = 0; round < 3; round++) {
        for (const name of Object.keys(Lab)) {
          const rpc = client[name.charAt(0).toLowerCase() + name.slice(1)];
          await storage.run(newStore(), () => lastValueFrom(rpc(of({ n: 1 }))));
        }
      }
      const held = () => stores.filter(store => store.deref() !== undefined).length;
      for (let turn = 0; turn < 200 && held() > 2; turn++) {
        await new Promise(setImmediate);
        globalThis.gc();
      }
      console.log(JSON.stringify([stores.length, held()]));
      close(client);
      await server.shutdown();`,
      { execArgv: ['--expose-gc'] },
    );
    expect(stderr).to.equal('');
    const [made, held] = JSON.parse(stdout);
    expect(made).to.equal(24);
    expect(held).to.be.at.most(2);
  });
});
