import { type ChannelOptions, type Client, status } from '@grpc/grpc-js';
import { ADJUSTED } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateParts } from './private.ts';
import type { PrivateCallConfig, PrivateChannel } from './private-channel.ts';
import { type Listener, noCredentials, ShortCall, type ShortCallOptions, type ShortCallOwner } from './short-call.ts';

/** How much of all requests of a channel, and of one call's, is kept for another attempt: the defaults of grpc-js. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
const MAX_KEPT_BYTES_PER_CALL = 1024 * 1024;

let parts: PrivateParts | undefined;

/**
 * Calls with one request skip the layers of grpc-js that have nothing to do for them.
 *
 * Wrong: grpc-js takes each call through a resolving call, a filter and a retrying call, with about ten promises and ticks and a copy
 * of the headers, also where the service config asks for nothing. That is a third of the client's CPU for a unary call. Upstream:
 * none found.
 * Mended: a {@link ShortCall} begins where those layers end, at the call that finds the connection. It frames the request, keeps the
 * deadline and repeats an attempt that no server has processed, all as the skipped layers do.
 * Not needed any more when `npm run bench -- --cells 'unary-*'` shows no difference with and without it.
 */
export const shortCalls: Patch = {
  name: 'short-calls',
  without: 'unary calls take more CPU',
  shape: {
    internalChannel: {
      methods: { getConfig: 2, createLoadBalancingCall: 6, createRetryingCall: 6, onCallStart: 0, onCallEnd: 1 },
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
   * @param options of the channel
   * @returns undefined where this grpc-js has another shape, or the channel asks for more: `xds:` targets, channelz, a limit for what
   *   is sent.
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

  /** @returns undefined where the channel has no service config yet, or one that asks for something. */
  open(options: ShortCallOptions, listener: Listener): ShortCall | undefined {
    const { config } = this.channel.getConfig(options.path, options.metadata);
    return config !== undefined && this.#isPlain(config, options.path)
      ? new ShortCall(this, config, options, listener)
      : undefined;
  }

  /** Whether a request may be kept for another attempt. */
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
      // Not started: it reads the retry policy of the method and the options of the channel.
      const call = this.channel.createRetryingCall(config, path, '', noCredentials, Number.POSITIVE_INFINITY, 0);
      isPlain = call.state === 'TRANSPARENT_ONLY' && call.retryThrottler === undefined;
      this.#plainConfigs.set(methodConfig, isPlain);
    }
    return isPlain;
  }
}
