import type { EventEmitter } from 'node:events';
import http2 from 'node:http2';
import v8 from 'node:v8';
import vm from 'node:vm';
import { settled } from '../support/settled.ts';
import type { Peers } from './use-peers.ts';

/** The HTTP/2 sessions that are opened until the end of the spec. */
export interface Sessions {
  readonly all: readonly http2.ClientHttp2Session[];
  readonly streams: readonly WeakRef<http2.ClientHttp2Stream>[];
}

export function watchSessions(peers: Peers): Sessions {
  const all: http2.ClientHttp2Session[] = [];
  const streams: WeakRef<http2.ClientHttp2Stream>[] = [];
  const { connect } = http2;
  http2.connect = ((...args: Parameters<typeof connect>) => {
    const session = connect(...args);
    const { request } = session;
    session.request = (...given) => {
      const stream = request.apply(session, given);
      streams.push(new WeakRef(stream));
      return stream;
    };
    all.push(session);
    return session;
  }) as typeof connect;
  peers.onEnd(() => {
    http2.connect = connect;
  });
  return { all, streams };
}

/** The objects that calls retain after a garbage collection; the engine may still hold the last stream or two. */
export async function leftovers({ all, streams }: Sessions): Promise<{ streams: number; listeners: number[] }> {
  for (let round = 0; round < 3; round++) {
    await settled(() => 0);
    collectGarbage();
  }
  return {
    streams: streams.filter(stream => stream.deref() !== undefined).length,
    listeners: all.flatMap(session => [listenersOf(session), listenersOf(session.socket)]),
  };
}

v8.setFlagsFromString('--expose-gc');
const collectGarbage: () => void = vm.runInNewContext('gc');

function listenersOf(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);
}
