import type { ChannelOptions } from '@grpc/grpc-js';
import { ADJUSTED, isSwitchedOff } from './adjusted.ts';
import { batchedResponses } from './batch.ts';
import { beginsElsewhere } from './begins-elsewhere.ts';
import { compressedFlag } from './compressed-flag.ts';
import { endsHeardByClient, endsHeardByServer } from './ends-heard.ts';
import { farDeadlines } from './grpc-timeout.ts';
import { hearsSettings } from './hears-settings.ts';
import { leavesInTime } from './leaves-in-time.ts';
import { prefixOfRequests, prefixOfResponses } from './message-prefix.ts';
import { onlyGrpc } from './only-grpc.ts';
import { findMisfit, type Patch } from './patch.ts';
import { findPrivateParts, type PrivateParts } from './private.ts';
import { repeatsRefused } from './repeats-refused.ts';
import { resetAlone } from './reset-alone.ts';
import { resetBehindRefusal, resetBehindStatus } from './reset-behind-status.ts';
import { responseEncoding } from './response-encoding.ts';
import { shortCalls } from './short-calls.ts';
import { statusIsLast } from './status-is-last.ts';
import { statusRead } from './status-read.ts';
import { statusWaits } from './status-waits.ts';
import { waitsForPlace } from './waits-for-place.ts';
import { wholeFramesOfRequests, wholeFramesOfResponses } from './whole-frames.ts';
import { writesEnd } from './writes-end.ts';

/**
 * The order matters: of two patches to one method, the later one runs first. All copies of this library in a process
 * share these patches.
 */
export const clientPatches: readonly Patch[] = [
  resetAlone,
  wholeFramesOfResponses,
  statusWaits,
  writesEnd,
  endsHeardByClient,
  beginsElsewhere,
  batchedResponses,
  statusRead,
  responseEncoding,
  prefixOfResponses,
  leavesInTime,
  waitsForPlace,
  hearsSettings,
  repeatsRefused,
];

/** Each copy of this library applies these patches, because it recognizes only its own services. */
export const serverPatches: readonly Patch[] = [
  wholeFramesOfRequests,
  endsHeardByServer,
  farDeadlines,
  compressedFlag,
  statusIsLast,
  resetBehindStatus,
  onlyGrpc,
  resetBehindRefusal,
  prefixOfRequests,
];

/** These patches replace nothing in grpc-js. Each copy of this library uses the private parts for its own calls. */
export const ownPatches: readonly Patch[] = [shortCalls];

/**
 * Property of grpc-js's call prototype that holds the names of the client patches that any copy of this library has
 * applied.
 */
const mark = Symbol.for('rx-grpc.patches');

let isDone = false;

/**
 * Patches grpc-js for this library's channels and services, once in a process. Other calls keep grpc-js's behaviour.
 *
 * A patch is applied only where grpc-js has the methods and properties that the patch relies on. One process warning
 * (`RX_GRPC_PATCH_OFF`) names all patches that do not fit. `RX_GRPC_ADJUST=off` in the environment turns off all
 * patches, without a warning.
 */
export function adjustGrpcJs(find: () => PrivateParts | undefined = findPrivateParts): void {
  if (isDone || isSwitchedOff()) return;
  isDone = true;
  const parts = find();
  if (parts === undefined) {
    warn(
      'the private parts of @grpc/grpc-js are missing, or belong to another copy of it: bundle all of @grpc/grpc-js or none of it',
      [...clientPatches, ...serverPatches, ...ownPatches],
    );
    return;
  }
  const off: Patch[] = [];
  const misfits: string[] = [];
  const applied = appliedTo(parts);
  const apply = (patch: Patch): void => {
    const misfit = findMisfit(parts, patch.shape);
    if (misfit === undefined) patch.apply(parts);
    else {
      off.push(patch);
      misfits.push(`${patch.name}: ${misfit}`);
    }
  };
  for (const patch of clientPatches) {
    if (applied.has(patch.name)) continue;
    applied.add(patch.name);
    apply(patch);
  }
  for (const patch of [...serverPatches, ...ownPatches]) apply(patch);
  if (off.length > 0) warn(`this version of @grpc/grpc-js does not fit (${misfits.join('; ')})`, off);
}

/** Whether a patch is applied to the calls of a channel with these options. */
export function isPatched({ name, shape }: Patch, options: ChannelOptions): boolean {
  if (isSwitchedOff() || (options as Record<string, unknown>)[ADJUSTED] === 0) return false;
  const parts = findPrivateParts();
  return parts !== undefined && appliedTo(parts).has(name) && findMisfit(parts, shape) === undefined;
}

function appliedTo({ clientCall }: PrivateParts): Set<string> {
  const marked = clientCall as { [mark]?: Set<string> };
  if (marked[mark] === undefined) Object.defineProperty(clientCall, mark, { value: new Set<string>() });
  return marked[mark]!;
}

function warn(why: string, off: readonly Patch[]): void {
  process.emitWarning(
    `rx-grpc does not patch all of grpc-js, since ${why}. Off: ` +
      `${off.map(({ name, without }) => `${name} (${without})`).join('; ')}. ` +
      'See docs/endings.md; RX_GRPC_ADJUST=off silences this.',
    { code: 'RX_GRPC_PATCH_OFF' },
  );
}
