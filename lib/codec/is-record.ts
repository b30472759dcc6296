/**
 * Whether a value can be a message. Objects of another kind, such as Date, Map, bytes or an Observable, are not taken
 * for messages without fields.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    typeof (value as { subscribe?: unknown }).subscribe !== 'function'
  );
}
