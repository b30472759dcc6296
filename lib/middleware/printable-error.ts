import { types } from 'node:util';
import { extrasOf, isRpcError } from '../core/rpc-error.ts';
import { codeName } from '../core/status.ts';

/** Causes of causes that are shown; one that is its own cause ends there. */
const MAX_CAUSES = 5;

/**
 * An error as any logger can write it, as JSON too: name, message, those of its fields that are texts, numbers or booleans, and its
 * causes alike; of a status also the name of its code, its rich details and the keys of its metadata. Of any other object in it,
 * nothing. What is no error stays as it is.
 */
export function printableError(error: unknown, causes: number = MAX_CAUSES): unknown {
  if (!(error instanceof Error || types.isNativeError(error))) return error;
  const { name, message, stack } = error;
  const printable = Object.assign(Object.create(Error.prototype), { name, message }, plainFields(error));
  Object.defineProperty(printable, 'stack', { value: stack });
  if (hasCause(error) && causes > 0) printable.cause = printableError(error.cause, causes - 1);
  return printable;
}

export function hasCause(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'cause' in error && error.cause !== undefined;
}

function plainFields(error: Error): object {
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
  return isRpcError(error) ? { ...fields, codeName: codeName(error.code), ...extrasOf(error.metadata) } : fields;
}
