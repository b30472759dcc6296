/**
 * Whether a value may stand for a message. What has a nature of its own, such as Date, Map, bytes or an Observable, is not
 * mistaken for a message without fields.
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
