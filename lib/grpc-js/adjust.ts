import { isSwitchedOff } from './adjusted.ts';
import { beginsElsewhere } from './begins-elsewhere.ts';
import { endsHeardByClient, endsHeardByServer } from './ends-heard.ts';
import { findPrivateParts, type PrivateParts } from './private.ts';
import { resetAlone } from './reset-alone.ts';
import { statusWaits } from './status-waits.ts';
import { isTested, TESTED } from './tested.ts';
import { wholeFramesOfRequests, wholeFramesOfResponses } from './whole-frames.ts';
import { writesEnd } from './writes-end.ts';

/** On what is adjusted for every copy of this library in the process. */
const mark = Symbol.for('rx-grpc.isAdjusted');

let isDone = false;

/**
 * Adjusts what grpc-js does to the calls of this library's channels and services, once in a process, and only on a version that
 * was tested; on another it stays as it is and one warning names it. Calls of others are left alone.
 */
export function adjustGrpcJs(find: () => PrivateParts | undefined = findPrivateParts): void {
  if (isDone || isSwitchedOff()) return;
  isDone = true;
  const parts = find();
  if (parts === undefined || !isTested(parts)) {
    warn(parts?.version);
    return;
  }
  const { clientCall, serverCall } = parts;
  if (!(mark in clientCall)) {
    adjustClient(parts);
    Object.defineProperty(clientCall, mark, { value: true });
  }
  // Each copy knows its own services.
  wholeFramesOfRequests(serverCall);
  endsHeardByServer(serverCall);
}

function adjustClient({ clientCall, subchannel }: PrivateParts): void {
  resetAlone(clientCall);
  wholeFramesOfResponses(clientCall);
  statusWaits(clientCall);
  writesEnd(clientCall);
  endsHeardByClient(clientCall);
  beginsElsewhere(subchannel);
}

function warn(version: string | undefined): void {
  const which =
    version === undefined
      ? 'the private parts of @grpc/grpc-js were not found (is it bundled?)'
      : `@grpc/grpc-js ${version} is not among the versions that were tested (${TESTED.join(', ')})`;
  process.emitWarning(
    `${which}: rx-grpc leaves it as it is. A cancelled upload may then look finished to a server of another make, and ` +
      'responses received before an error may be lost; see docs/endings.md. RX_GRPC_ADJUST=off silences this.',
    { code: 'RX_GRPC_UNTESTED' },
  );
}
