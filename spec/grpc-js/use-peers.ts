import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ConnectOptions, close, connect } from '../../lib/index.ts';
import type { LabClient } from '../support/bench.ts';
import { compiled } from '../support/compiled.ts';
import { Lab } from '../support/lab.ts';
import { type RawPeer, type RawPeerOptions, rawPeer } from './raw-peer.ts';

export interface Peers {
  /** A raw server, and a client of the lab service that is connected to it. */
  run(options?: RawPeerOptions, connectOptions?: ConnectOptions): Promise<{ peer: RawPeer; client: LabClient }>;
  /**
   * The result of a scenario of child.ts in a process of its own, with grpc-js patched or unpatched.
   *
   * @param args The scenario and its arguments, optionally preceded by a bundle of child.ts to run instead.
   */
  inChild(adjust: 'on' | 'off', ...args: string[]): Promise<any>;
  /** Closes something at the end of the spec. */
  onEnd(close: () => unknown): void;
}

/** For a `describe`: peers and clients that are closed after each of its specs. */
export function usePeers(): Peers {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });
  return {
    async run(options, connectOptions) {
      const peer = await rawPeer(options);
      toClose.push(() => peer.close());
      // One retry buffer size for all methods, so that they share one connection.
      const channelOptions = { 'grpc.per_rpc_retry_buffer_size': 4096, ...connectOptions?.channelOptions };
      const client = connect(Lab, peer.target, { ...connectOptions, channelOptions });
      toClose.push(() => close(client));
      return { peer, client };
    },
    async inChild(adjust, ...args) {
      const isBundle = /\.[cm]js$/.test(args[0]!);
      const program = isBundle ? args : [compiled(join(import.meta.dirname, 'child.ts')), ...args];
      const child = spawn(process.execPath, program, {
        env: { ...process.env, RX_GRPC_ADJUST: adjust },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      toClose.push(() => {
        const hasExited = once(child, 'exit');
        child.kill();
        return child.exitCode === null ? hasExited : undefined;
      });
      for await (const said of createInterface(child.stdout)) return JSON.parse(said);
      throw new Error(`${args.join(' ')}: the process has ended without a word`);
    },
    onEnd: end => toClose.push(end),
  };
}
