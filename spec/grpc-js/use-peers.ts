import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { close } from '../../lib/client/client.ts';
import { type ConnectOptions, connect } from '../../lib/client/connect.ts';
import type { LabClient } from '../support/bench.ts';
import { Lab } from '../support/lab.ts';
import { type RawPeer, type RawPeerOptions, rawPeer } from './raw-peer.ts';

export interface Peers {
  /** A server of frames, and a client of the lab that is connected to it. */
  run(options?: RawPeerOptions, connectOptions?: ConnectOptions): Promise<{ peer: RawPeer; client: LabClient }>;
  /** What a scenario of child.ts says, in a process of its own, with grpc-js adjusted or left as it is. */
  inChild(adjust: 'on' | 'off', scenario: string, ...target: string[]): Promise<any>;
  /** Closes something at the end of the spec. */
  onEnd(close: () => unknown): void;
}

/** For a `describe`: peers and clients that are closed after each spec of it. */
export function usePeers(): Peers {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });
  return {
    async run(options, connectOptions) {
      const peer = await rawPeer(options);
      toClose.push(() => peer.close());
      // One buffer size for all methods: one connection.
      const channelOptions = { 'grpc.per_rpc_retry_buffer_size': 4096, ...connectOptions?.channelOptions };
      const client = connect(Lab, peer.target, { ...connectOptions, channelOptions });
      toClose.push(() => close(client));
      return { peer, client };
    },
    async inChild(adjust, scenario, ...target) {
      const file = fileURLToPath(new URL('child.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', file, scenario, ...target], {
        env: { ...process.env, RX_GRPC_ADJUST: adjust },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      toClose.push(() => {
        const hasExited = once(child, 'exit');
        child.kill();
        return child.exitCode === null ? hasExited : undefined;
      });
      for await (const said of createInterface(child.stdout)) return JSON.parse(said);
      throw new Error(`${scenario}: the process has ended without a word`);
    },
    onEnd: end => toClose.push(end),
  };
}
