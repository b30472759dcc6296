/** The exports of a copy of the library for the specs of two copies, which import it compiled and fully bundled. */
export * from '../../lib/core/error-status.ts';
export * from '../../lib/core/rpc-error.ts';
