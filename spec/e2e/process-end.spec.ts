import { expect } from 'chai';
import { close } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { runChild } from '../support/run-child.ts';

const HOUR_MS = 3_600_000;

describe('A process exits by itself', () => {
  const bench = useBench();

  /** Runs a module that prints `done` when its work is complete, and expects it to exit by itself. */
  const ends = async (module: string): Promise<void> => {
    const { code, stdout, stderr } = await runChild(`
      import net from 'node:net';
      import { once } from 'node:events';
      import { NEVER, concat, firstValueFrom, lastValueFrom, of, take, takeUntil } from 'rxjs';
      import { close, state$ } from 'lib/client/client.ts';
      import { connect } from 'lib/client/connect.ts';
      import { loopback } from 'lib/loopback/loopback.ts';
      import { inspect } from 'lib/call/live-calls.ts';
      import { implement } from 'lib/server/implement.ts';
      import { serve } from 'lib/server/serve.ts';
      import { pull } from 'lib/backpressure/pull.ts';
      import { Lab } from 'support/lab.ts';
      import { tls } from 'support/tls.ts';
      const note = { n: 1 };
      const echo = request$ => request$;
      const service = implement(Lab, { unary: echo, serverStream: echo, clientStream: echo, bidi: echo });
      ${module}
      console.log('done');`);
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: 'done\n', stderr: '' });
  };

  /** The same for a client whose server runs in another process. */
  const endsWithClient = async (module: string): Promise<void> => {
    const { server, client } = await bench.run(inAllShapes(request$ => request$));
    close(client);
    await ends(`const target = '${server.target}';\nconst client = connect(Lab, target);\n${module}`);
  };

  const clients: Record<string, string> = {
    'when its client is closed': `
      for (const name of ['unary', 'bidi']) await lastValueFrom(client[name](of(note)));
      close(client);`,
    'when its client is closed in the middle of calls': `
      for (const name of ['unary', 'serverStream', 'clientStream', 'bidi']) client[name](NEVER).subscribe({ error() {} });
      await firstValueFrom(client.bidi(concat(of(note), NEVER)));
      close(client);`,
    'when its client is closed in the turn of its first call': `
      client.unary(note).subscribe({ error() {} });
      client.bidi(NEVER).subscribe({ error() {} });
      close(client);`,
    'when its calls have ended, though no client is closed and their deadlines are far': `
      const options = { timeoutMs: ${HOUR_MS}, deadline: new Date(Date.now() + ${HOUR_MS}) };
      for (const name of ['unary', 'serverStream', 'clientStream', 'bidi']) {
        await lastValueFrom(client[name](of(note), options));
      }`,
    'when its calls were unsubscribed from, though no client is closed': `
      const options = { timeoutMs: ${HOUR_MS}, stallTimeoutMs: 60_000, signal: new AbortController().signal };
      await firstValueFrom(client.bidi(concat(of(note), NEVER), options));
      for (const name of ['unary', 'serverStream', 'clientStream', 'bidi']) client[name](NEVER, options).subscribe().unsubscribe();`,
    'when its calls had a stallTimeoutMs': `
      for (const name of ['unary', 'bidi']) await lastValueFrom(client[name](of(note), { stallTimeoutMs: 60_000 }));`,
    'though the state of an idle client is watched, and of one that is connected': `
      state$(client).subscribe();
      const other = connect(Lab, target);
      state$(other, { connect: true }).subscribe();
      await lastValueFrom(client.unary(note));`,
    'although a client without a server has a subscriber of state$': `
      const lost = connect(Lab, 'http://127.0.0.1:1');
      state$(lost, { connect: true }).subscribe();
      await lastValueFrom(lost.unary(note)).catch(() => {});`,
  };
  for (const [name, module] of Object.entries(clients)) {
    it(name, () => endsWithClient(module));
  }

  const servers: Record<string, string> = {
    'when its server is shut down, idle': `
      const server = await serve('http://127.0.0.1:0', service);
      await server.shutdown();`,
    'when its server is shut down with calls that last, which have deadlines and stallTimeoutMs': `
      const server = await serve('http://127.0.0.1:0', service, { stallTimeoutMs: 60_000 });
      const client = connect(Lab, server.target);
      const errors = [];
      for (const name of ['unary', 'serverStream', 'clientStream', 'bidi']) {
        client[name](NEVER, { timeoutMs: ${HOUR_MS} }).subscribe({ error: error => errors.push(error) });
      }
      while (inspect(server).calls.length < 4) await new Promise(setImmediate);
      const { cut } = await server.shutdown({ graceMs: 10 });
      while (errors.length < 4) await new Promise(setImmediate);
      if (cut.length !== 4) throw new Error('cut ' + cut.length);`,
    'when its streams end by draining$, however long the grace is': `
      const endless = (request$, call) => pull(function* () { for (;;) yield note; }).pipe(takeUntil(call.draining$));
      const server = await serve('http://127.0.0.1:0', implement.partial(Lab, { bidi: endless }));
      const client = connect(Lab, server.target);
      const all = lastValueFrom(client.bidi(NEVER));
      await firstValueFrom(client.bidi(NEVER));
      process.once('SIGTERM', () => server.shutdown({ graceMs: Infinity }));
      process.kill(process.pid, 'SIGTERM');
      await all;`,
    'by Symbol.dispose and Symbol.asyncDispose': `
      const server = await serve('http://127.0.0.1:0', service);
      const client = connect(Lab, server.target);
      await lastValueFrom(client.unary(note));
      client.bidi(NEVER).subscribe({ error() {} });
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();`,
    'when the calls of a loopback have ended, closed or not': `
      const client = loopback(service);
      await lastValueFrom(client.bidi(of(note), { timeoutMs: ${HOUR_MS}, stallTimeoutMs: 60_000 }));
      state$(client).subscribe();
      const closed = loopback(service);
      closed.bidi(NEVER, { timeoutMs: ${HOUR_MS} }).subscribe({ error() {} });
      close(closed);`,
  };
  for (const [scheme, options] of [
    ['http', '{}'],
    ['https', '{ tls }'],
  ]) {
    servers[`when its ${scheme} server is shut down, though a peer neither reads nor closes`] = `
      const server = await serve('${scheme}://127.0.0.1:0', service, ${options});
      const peer = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }).pause().unref();
      await once(peer, 'connect');
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      await server.shutdown({ graceMs: 0 });`;
  }
  for (const [name, module] of Object.entries(servers)) it(name, () => ends(module));
});
