import type { OfChannel } from './private.ts';

/** The option of a channel whose calls are adjusted when it is 1, as connect() sets it; on others grpc-js stays as it is. */
export const ADJUSTED = 'rx-grpc.adjusted';

export function isAdjusted({ transport }: OfChannel): boolean {
  return transport.getOptions()[ADJUSTED] === 1;
}

/** By the environment: RX_GRPC_ADJUST=off. */
export function isSwitchedOff(): boolean {
  return process.env['RX_GRPC_ADJUST'] === 'off';
}
