import { Readable } from 'node:stream';
import { expect } from 'chai';
import { ADJUSTED } from '../../lib/grpc-js/adjusted.ts';
import { endsHeardByClient } from '../../lib/grpc-js/ends-heard.ts';
import type { PrivateClientCall, PrivateParts } from '../../lib/grpc-js/private.ts';
import { resetAlone } from '../../lib/grpc-js/reset-alone.ts';
import { statusWaits } from '../../lib/grpc-js/status-waits.ts';
import { wholeFramesOfResponses } from '../../lib/grpc-js/whole-frames.ts';

const names = ['endCall', 'maybeOutputStatus', 'startRead', 'cancelWithStatus', 'outputStatus', 'destroyHttp2Stream'];

/** A prototype that records method calls and was then patched, and a call with that prototype. */
function adjusted(options: object, fields: object): { readonly call: PrivateClientCall; readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const note = (name: string) => [name, (...args: unknown[]) => asked.push([name, ...args])] as const;
  const proto = Object.fromEntries([...names, 'push'].map(note)) as unknown as PrivateClientCall;
  for (const patch of [resetAlone, wholeFramesOfResponses, statusWaits, endsHeardByClient]) {
    patch.apply({ clientCall: proto } as PrivateParts);
  }
  const transport = { getOptions: () => options };
  const call = Object.assign(Object.create(proto), {
    transport,
    finalStatus: null,
    unpushedReadMessages: [],
    ...fields,
  });
  return { call, asked };
}

describe('The adjusted methods of a client call', () => {
  const untouchable = new Proxy({}, { get: (_, name) => expect.fail(`the stream's ${String(name)} is used`) });

  it('behave as before for a call of a foreign channel, whatever its state', () => {
    for (const options of [{}, { [ADJUSTED]: 0 }, { [ADJUSTED]: true }]) {
      for (const finalStatus of [null, { code: 0 }, { code: 5 }]) {
        const decoder = { readState: 1 };
        const state = { finalStatus, decoder, http2Stream: untouchable, readsClosed: true, canPush: true };
        const { call, asked } = adjusted(options, state);
        for (const name of names) (call as any)[name](5, 'details');
        expect(asked.map(([name]: any) => name)).to.deep.equal(names);
        expect(call).to.include(state);
      }
    }
  });

  it('read the rest of a stream that was just destroyed, once', () => {
    const taken: string[] = [];
    const http2Stream = new Readable({ read: () => {} }).on('data', bytes => taken.push(String(bytes)));
    http2Stream.pause();
    http2Stream.push('a');
    http2Stream.push('b');
    http2Stream.destroy();
    const { call, asked } = adjusted({ [ADJUSTED]: 1 }, { http2Stream, finalStatus: { code: 0 }, decoder: {} });
    call.startRead();
    expect(taken.join('')).to.equal('ab');
    expect(asked.map(([name]: any) => name)).to.deep.equal(['outputStatus']);
    call.startRead();
    expect(taken.join('')).to.equal('ab');
  });

  it('read nothing out of a live stream', () => {
    const http2Stream = new Readable({ read: () => {} }).on('data', () => {});
    http2Stream.pause();
    http2Stream.push('a');
    const { call, asked } = adjusted({ [ADJUSTED]: 1 }, { http2Stream, canPush: true });
    call.maybeOutputStatus();
    expect([http2Stream.readableLength, asked, call.readsClosed]).to.deep.equal([1, [], undefined]);
    http2Stream.destroy();
  });
});
