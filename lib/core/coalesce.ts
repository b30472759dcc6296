import { kindOf } from './service.ts';

/** @throws TypeError */
export function checkCoalesce(of: string, coalesce: unknown): void {
  if (coalesce === undefined || typeof coalesce === 'boolean') return;
  throw new TypeError(`${of}: expected coalesce to be true or false, got ${kindOf(coalesce)}`);
}
