import { type ChannelOptions, type Client, status } from '@grpc/grpc-js';
import { ADJUSTED } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateParts } from './private.ts';
import type { PrivateCallConfig, PrivateChannel } from './private-channel.ts';
import { type Listener, noCredentials, ShortCall, type ShortCallOptions, type ShortCallOwner } from './short-call.ts';

/** Limits on the requests that are kept for another attempt, per channel and per call: the defaults of grpc-js. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
const MAX_KEPT_BYTES_PER_CALL = 1024 * 1024;

let parts: PrivateParts | undefined;

/**
 * Lets calls with one request skip the layers of grpc-js that do nothing for them.
 *
 * Problem: grpc-js takes each call through a resolving call, a filter and a retrying call, which costs about ten
 * promises and ticks and a copy of the headers, even if the service config requires none of them. That is a third of
 * the client's CPU for a unary call. Upstream: none found.
 * Fix: a {@link ShortCall} starts where those layers end, at the load-balancing call, which picks the connection. It
 * frames the request, enforces the deadline and repeats an attempt that no server has processed, as the skipped layers
 * do.
 * Remove it when `npm run bench -- --cells 'unary-*'` shows no difference with and without it.
 */
export const shortCalls: Patch = {
  name: 'short-calls',
  without: 'unary calls take more CPU',
  shape: {
    internalChannel: {
      methods: {
        getConfig: 2,
        createLoadBalancingCall: 'any',
        createRetryingCall: 'any',
        onCallStart: 0,
        onCallEnd: 1,
      },
      properties: ['defaultAuthority', 'filterStackFactory', 'configSelector'],
    },
    loadBalancingCall: {
      methods: {
        start: 2,
        startRead: 0,
        sendMessageWithContext: 2,
        halfClose: 0,
        cancelWithStatus: 2,
        getDeadlineInfo: 0,
        outputStatus: 2,
      },
    },
    retryingCall: { properties: ['state', 'retryThrottler', 'transparentRetryUsed'] },
    compressionFilter: { methods: { sendMetadata: 1, receiveMetadata: 1, receiveMessage: 1 } },
  },
  apply: found => {
    parts = found;
  },
};

/** The short calls of one channel. */
export class ShortCalls implements ShortCallOwner {
  readonly channel: PrivateChannel;
  readonly #plainConfigs = new WeakMap<object, boolean>();
  readonly #maxKeptBytes: number;
  readonly #maxKeptBytesPerCall: number;
  #keptBytes = 0;

  /**
   * @param options the options of the channel
   * @returns undefined if this grpc-js has another shape, or if the channel needs the skipped layers: for `xds:`
   *   targets, for channelz, or for a limit on sent messages.
   */
  static of(
    channel: ReturnType<Client['getChannel']>,
    options: ChannelOptions,
    target: string,
  ): ShortCalls | undefined {
    const { internalChannel } = channel as { internalChannel?: PrivateChannel };
    if (parts === undefined || internalChannel === undefined || target.startsWith('xds:')) return undefined;
    if (options[ADJUSTED] !== 1 || options['grpc.enable_channelz'] !== 0) return undefined;
    if ((options['grpc.max_send_message_length'] ?? -1) !== -1) return undefined;
    return Object.prototype.isPrototypeOf.call(parts.internalChannel, internalChannel)
      ? new ShortCalls(internalChannel, options)
      : undefined;
  }

  private constructor(channel: PrivateChannel, options: ChannelOptions) {
    this.channel = channel;
    this.#maxKeptBytes = options['grpc.retry_buffer_size'] ?? MAX_KEPT_BYTES;
    this.#maxKeptBytesPerCall = options['grpc.per_rpc_retry_buffer_size'] ?? MAX_KEPT_BYTES_PER_CALL;
  }

  /** @returns undefined if the channel has no service config yet, or if the config needs the skipped layers. */
  open(options: ShortCallOptions, listener: Listener): ShortCall | undefined {
    const { config } = this.channel.getConfig(options.path, options.metadata);
    return config !== undefined && this.#isPlain(config, options.path)
      ? new ShortCall(this, config, options, listener)
      : undefined;
  }

  keep(bytes: number): boolean {
    if (bytes > this.#maxKeptBytesPerCall || this.#keptBytes + bytes > this.#maxKeptBytes) return false;
    this.#keptBytes += bytes;
    return true;
  }

  drop(bytes: number): void {
    this.#keptBytes -= bytes;
  }

  #isPlain(config: PrivateCallConfig, path: string): boolean {
    const { methodConfig, dynamicFilterFactories } = config;
    if (config.status !== status.OK || config.onCommitted !== undefined) return false;
    if (methodConfig.timeout !== undefined || dynamicFilterFactories.length > 0) return false;
    let isPlain = this.#plainConfigs.get(methodConfig);
    if (isPlain === undefined) {
      // Never started: its constructor reads the method's retry policy and the channel's options.
      const call = this.channel.createRetryingCall(config, path, '', noCredentials, Number.POSITIVE_INFINITY, 0);
      isPlain = call.state === 'TRANSPARENT_ONLY' && call.retryThrottler === undefined;
      this.#plainConfigs.set(methodConfig, isPlain);
    }
    return isPlain;
  }
}
