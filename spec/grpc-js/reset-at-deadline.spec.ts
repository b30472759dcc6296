import { expect } from 'chai';
import { asyncScheduler, NEVER } from 'rxjs';
import { callOf } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { errorOf } from '../support/record.ts';
import { CANCEL, reset, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const AHEAD_MS = 60_000;
const REFUSED = 7;

describe("A server's reset at the deadline", () => {
  const peers = usePeers();
  const { now } = asyncScheduler;

  afterEach(() => {
    asyncScheduler.now = now;
  });

  /** The error of a call that is reset when our clock is this far past its deadline. */
  async function resetAt(pastMs: number, shape: (typeof shapes)[number], code = CANCEL): Promise<any> {
    const { peer, client } = await peers.run();
    asyncScheduler.now = now;
    const deadline = new Date(Date.now() + AHEAD_MS);
    const error = errorOf(callOf(client, shape, NEVER, { deadline }));
    const stream = await peer.stream(0);
    asyncScheduler.now = () => deadline.getTime() + pastMs;
    peer.send(responseHeaders(stream), reset(stream, code));
    return error;
  }

  for (const shape of shapes) {
    it(`counts as the deadline after it, or up to 10 ms before it by our clock: ${shape}`, async () => {
      for (const pastMs of [-10, 0, 1000]) {
        const error = await resetAt(pastMs, shape);
        expect(error).to.include({ codeName: 'DEADLINE_EXCEEDED', details: 'the deadline has passed' });
      }
    });

    it(`counts as a cancellation any earlier: ${shape}`, async () => {
      for (const pastMs of [-11, -AHEAD_MS / 2]) {
        expect(await resetAt(pastMs, shape)).to.include({ codeName: 'CANCELLED' });
      }
    });
  }

  it('keeps its meaning with another code', async () => {
    expect(await resetAt(1000, 'bidi', REFUSED)).to.include({ codeName: 'UNAVAILABLE' });
  });

  it('is not confused with a status of another code and the same text', async () => {
    const { peer, client } = await peers.run();
    const deadline = new Date(Date.now() + AHEAD_MS);
    const error = errorOf(client.bidi(NEVER, { deadline }));
    const stream = await peer.stream(0);
    asyncScheduler.now = () => deadline.getTime();
    peer.send(responseHeaders(stream), trailers(stream, { 'grpc-status': '13', 'grpc-message': 'Call cancelled' }));
    expect(await error).to.include({ codeName: 'INTERNAL' });
  });

  it('is a cancellation for a call without a deadline, as is a status CANCELLED', async () => {
    const { peer, client } = await peers.run();
    const reset$ = errorOf(client.bidi(NEVER));
    const first = await peer.stream(0);
    peer.send(responseHeaders(first), reset(first, CANCEL));
    expect(await reset$).to.include({ codeName: 'CANCELLED' });
    const deadline = new Date(Date.now() + AHEAD_MS);
    const status = errorOf(client.bidi(NEVER, { deadline }));
    const second = await peer.stream(1);
    asyncScheduler.now = () => deadline.getTime();
    peer.send(responseHeaders(second), trailers(second, { 'grpc-status': '1', 'grpc-message': 'by an operator' }));
    expect(await status).to.include({ codeName: 'CANCELLED', details: 'by an operator' });
  });
});
