import type { ServerOptions } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, map, NEVER, Observable, of, range } from 'rxjs';
import { Code, close, connect, isRpcError } from '../../lib/index.ts';
import { inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { type FreezingProxy, freezingProxy } from './freezing-proxy.ts';
import { goAway, responseHeaders } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const note: Note = { n: 1 };
const ENHANCE_YOUR_CALM = 11;
/** Shorter for the spec; gRPC's minimums are seconds. */
const often = { 'grpc.keepalive_time_ms': 50, 'grpc.keepalive_timeout_ms': 1000 };

describe('A half-open connection', () => {
  const bench = useBench();
  const peers = usePeers();

  async function behindProxy(
    handler: Parameters<typeof inAllShapes>[0],
    { channelOptions = {}, serverOptions = {} }: { channelOptions?: object; serverOptions?: ServerOptions },
  ): Promise<{ proxy: FreezingProxy; client: LabClient }> {
    const { server } = await bench.run(inAllShapes(handler), { serverOptions });
    const proxy = await freezingProxy(server.port);
    bench.onEnd(() => proxy.close());
    const client = connect(Lab, proxy.target, { channelOptions });
    bench.onEnd(() => close(client));
    return { proxy, client };
  }

  it('ends the calls of a client with keepalive with UNAVAILABLE, after the responses that arrived', async () => {
    const response$ = concat(range(0, 20).pipe(map(n => ({ n }))), NEVER);
    const { proxy, client } = await behindProxy(() => response$, { channelOptions: often });
    const { received, values, ending } = record(client.serverStream(note));
    await received(20);
    proxy.freeze();
    expect(isRpcError((await ending).error, Code.UNAVAILABLE)).to.equal(true);
    expect(values).to.have.lengthOf(20);
  });

  it('ends the calls of a client with keepalive that is busy sending', async () => {
    const { proxy, client } = await behindProxy(() => concat(of(note), NEVER), { channelOptions: often });
    const large = { n: 1, text: 'x'.repeat(1_000_000) };
    const { received, ending } = record(client.bidi(concat(range(0, 20).pipe(map(() => large)), NEVER)));
    await received(1);
    proxy.freeze();
    expect(isRpcError((await ending).error, Code.UNAVAILABLE)).to.equal(true);
  });

  it('ends the calls of a server with keepalive: request$ errors and the handler is torn down', async () => {
    const heard = deferred<unknown>();
    const tornDown = deferred();
    const aborted = deferred();
    const { proxy, client } = await behindProxy(
      (request$, call) => {
        request$.subscribe({ error: heard.resolve });
        call.signal.addEventListener('abort', () => aborted.resolve());
        return new Observable(response => {
          response.next(note);
          return tornDown.resolve;
        });
      },
      { serverOptions: often },
    );
    const { received } = record(client.bidi(NEVER));
    await received(1);
    proxy.freeze();
    expect(isRpcError(await heard.promise, Code.CANCELLED)).to.equal(true);
    await Promise.all([tornDown.promise, aborted.promise]);
  });

  it('is not detected for a peer that answers pings: the call continues', async () => {
    const next = deferred<() => void>();
    const handler = () =>
      new Observable<Note>(response => {
        response.next(note);
        next.resolve(() => response.next(note));
      });
    const { proxy, client } = await behindProxy(handler, { channelOptions: often, serverOptions: often });
    const { received } = record(client.serverStream(note));
    await received(1);
    await proxy.passed(8); // only pings and their answers, in each direction
    (await next.promise)();
    await received(2);
  });

  it('is distinguished from a server that wants fewer pings, which ends the calls with RESOURCE_EXHAUSTED', async () => {
    const { peer, client } = await peers.run({}, { channelOptions: { 'grpc.keepalive_time_ms': 600_000 } });
    const error = errorOf(client.bidi(concat(of(note), NEVER)));
    const stream = await peer.stream(0);
    peer.send(responseHeaders(stream), goAway(stream, ENHANCE_YOUR_CALM, 'too_many_pings'));
    peer.connections[0]!.end();
    expect(isRpcError(await error, Code.RESOURCE_EXHAUSTED)).to.equal(true);
  });
});
