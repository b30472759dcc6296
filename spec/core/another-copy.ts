/** What a copy of the library exports for the specs of two copies; they import it compiled, with every module bundled. */
export * from '../../lib/core/error-status.ts';
export * from '../../lib/core/rpc-error.ts';
