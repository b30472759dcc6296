import { expect } from 'chai';
import { pino } from 'pino';
import { concat, NEVER, type Observable, of } from 'rxjs';
import { Code, close, implement, loopback, RpcError } from '../../lib/index.ts';
import { logging, retry } from '../../lib/middleware.ts';
import { callOf, type LabClient, type LabImplementation, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

/** The lines that pino writes, and a way to wait for a number of them. */
function logbook() {
  const lines: string[] = [];
  let changed = deferred<void>();
  const write = (line: string) => {
    lines.push(line);
    changed.resolve();
    changed = deferred();
  };
  const written = async (count: number) => {
    while (lines.length < count) await changed.promise;
    await settled(() => lines.length);
    return lines.map(line => JSON.parse(line));
  };
  return { lines, written, middleware: logging({ logger: pino({ base: null }, { write }) }) };
}

const gateways: Record<string, (behind: LabClient) => LabImplementation> = {
  'a client as the implementation': behind => behind,
  'request$ handed on': behind =>
    Object.fromEntries(
      shapes.map(shape => [shape, (request$: Observable<Note>, call: any) => callOf(behind, shape, request$, call)]),
    ),
};

describe('logging in a gateway', () => {
  const bench = useBench();

  /** A gateway that logs incoming and outgoing calls, and a server behind it that answers once and then waits. */
  async function open(gateway: (behind: LabClient) => LabImplementation, isLoopback: boolean) {
    const { lines, written, middleware } = logbook();
    const answer = (request$: Observable<Note>) => concat(of(note), request$, NEVER);
    const { server } = await bench.run({
      serverStream: answer,
      bidi: answer,
      unary: () => NEVER,
      clientStream: () => NEVER,
    });
    const implementation = gateway(bench.connect(server, { middleware: [middleware] }));
    if (isLoopback) {
      const client = loopback(implement.partial(Lab, implementation), { server: { middleware: [middleware] } });
      bench.onEnd(() => close(client));
      return { client, lines, written };
    }
    const { client } = await bench.run(implementation, { middleware: [middleware] });
    return { client, lines, written };
  }

  for (const [way, gateway] of Object.entries(gateways)) {
    for (const isLoopback of [false, true]) {
      it(`writes one short line per call when its caller unsubscribes: ${way} (${isLoopback ? 'in process' : 'over the wire'})`, async () => {
        const { client, lines, written } = await open(gateway, isLoopback);
        for (const shape of ['serverStream', 'bidi'] as const) {
          const recording = record(callOf(client, shape, concat(of(note), shape === 'bidi' ? NEVER : [])));
          await recording.received(1);
          recording.subscription.unsubscribe();
        }
        const told = await written(4);
        expect(told).to.have.length(4);
        for (const line of told) {
          expect(line).to.include({ code: 'CANCELLED', level: 30, msg: 'rpc' });
          expect(line).to.not.have.any.keys('err', 'stack');
        }
        expect(told.map(({ side }) => side).sort()).to.deep.equal(['client', 'client', 'server', 'server']);
        for (const line of lines) expect(line.length).to.be.below(250);
      });
    }
  }

  it('counts a single request once, however often it is sent', async () => {
    const { lines, middleware } = logbook();
    let attempts = 0;
    const { server } = await bench.run({
      unary: request$ => {
        if (++attempts < 3) throw new RpcError(Code.UNAVAILABLE, 'busy');
        return request$;
      },
    });
    const behind = bench.connect(server, { middleware: [retry({ initialBackoffMs: 1, maxBackoffMs: 1 })] });
    const { client } = await bench.run({ unary: request$ => behind.unary(request$) }, { middleware: [middleware] });
    const { values, ending } = record(client.unary(note));
    expect(await ending).to.deep.equal({});
    expect([values, attempts]).to.deep.equal([[note], 3]);
    expect(JSON.parse(lines[0]!)).to.include({ code: 'OK', requests: 1, responses: 1 });
  });
});
