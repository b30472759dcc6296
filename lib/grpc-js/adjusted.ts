import type { OfChannel } from './private.ts';

/**
 * Channel option that turns the patches on: connect() sets it to 1. Calls of other channels keep grpc-js's behaviour.
 */
export const ADJUSTED = 'rx-grpc.adjusted';

export function isAdjusted({ transport }: OfChannel): boolean {
  return transport.getOptions()[ADJUSTED] === 1;
}

/** Whether the environment turns off all patches: RX_GRPC_ADJUST=off. */
export function isSwitchedOff(): boolean {
  return process.env['RX_GRPC_ADJUST'] === 'off';
}
