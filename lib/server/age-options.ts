import type { ServerOptions } from '@grpc/grpc-js';
import { checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';

/** How long a connection may be used. gRFC A9. */
export interface ConnectionAge {
  /**
   * Milliseconds from the beginning of a connection to when it is told to end; each connection takes up to 10 % more or less, so
   * that clients that came together do not leave together. From 1 to 1,952,257,861 (22.6 days).
   */
  readonly maxMs: number;
  /**
   * Milliseconds that the calls of such a connection are given to end by themselves, from 0; Infinity waits for them. Default:
   * Infinity, as in gRPC core.
   */
  readonly graceMs?: number | undefined;
}

const AGE = 'grpc.max_connection_age_ms';
const GRACE = 'grpc.max_connection_age_grace_ms';

/** grpc-js's own "no limit". */
const UNLIMITED_MS = ~(1 << 31);

/** Of the age, in both directions. */
export const JITTER = 0.1;

const MAX_AGE_MS = Math.floor(MAX_TIMER_MS / (1 + JITTER));

/** A {@link ConnectionAge} with its default. */
export interface Age {
  readonly maxMs: number;
  readonly graceMs: number;
}

export interface AgeOptions {
  /** Undefined where connections may be used for ever. */
  readonly age: Age | undefined;
  /** Without those that are about ages: grpc-js would end calls with INTERNAL. */
  readonly serverOptions: ServerOptions | undefined;
}

/**
 * The age that `connectionAge` says, or grpc-js's own options.
 *
 * @throws TypeError, RangeError when something is of the wrong kind, too small or too large, or said twice.
 */
export function ageOptions(connectionAge: ConnectionAge | undefined, given: ServerOptions | undefined): AgeOptions {
  const { [AGE]: maxMs = UNLIMITED_MS, [GRACE]: graceMs = UNLIMITED_MS, ...serverOptions } = given ?? {};
  if (connectionAge === undefined) {
    if (maxMs === UNLIMITED_MS) return { age: undefined, serverOptions: given };
    return { age: checked(`'${AGE}'`, maxMs, `'${GRACE}'`, graceMs), serverOptions };
  }
  for (const name of [AGE, GRACE]) {
    if (given !== undefined && name in given) throw new TypeError(`serve: give connectionAge or '${name}', not both`);
  }
  checkOptions('serve: connectionAge', connectionAge, ['maxMs', 'graceMs']);
  const { maxMs: ageMs, graceMs: ownGraceMs = Number.POSITIVE_INFINITY } = connectionAge;
  return { age: checked('connectionAge.maxMs', ageMs, 'connectionAge.graceMs', ownGraceMs), serverOptions: given };
}

function checked(nameOfMax: string, maxMs: unknown, nameOfGrace: string, graceMs: unknown): Age {
  if (!(typeof maxMs === 'number' && maxMs >= 1 && maxMs <= MAX_AGE_MS)) {
    const expected = `from 1 to ${MAX_AGE_MS} milliseconds`;
    throw new RangeError(`serve: expected ${nameOfMax} to be ${expected}, got ${kindOf(maxMs)}`);
  }
  if (!(typeof graceMs === 'number' && graceMs >= 0)) {
    throw new RangeError(`serve: expected ${nameOfGrace} to be 0 or more milliseconds, got ${kindOf(graceMs)}`);
  }
  return { maxMs, graceMs: graceMs >= UNLIMITED_MS ? Number.POSITIVE_INFINITY : graceMs };
}
