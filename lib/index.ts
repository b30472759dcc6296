// For those who call and serve.

export type { ClientTls } from './client/channels.ts';
export { type ConnectOptions, close, connect } from './client/connect.ts';
export { forward } from './client/forward.ts';
export { type LoadOptions, load } from './codec/load.ts';
export { type Pullable, pull } from './flow/pull.ts';
export { type ToAsyncIterableOptions, toAsyncIterable } from './flow/to-async-iterable.ts';
export { type Bound, type Implement, implement } from './server/implement.ts';
export { type ServeOptions, type Server, type ServerTls, serve } from './server/serve.ts';
export type { ShutdownOptions } from './server/shutdown.ts';
export { Code, codeName, isRpcError, RpcError, type RpcErrorOptions } from './status.ts';

// For those who look into it.

export type { WaitsFor } from './flow/meter.ts';
export { type CallReport, type Direction, type DirectionReport, type Inspector, inspect } from './live-calls.ts';

// For those who write the types of what they pass on.

export type { FlowOptions } from './flow-options.ts';
export type {
  CallOptions,
  ClientMethod,
  ClientOf,
  Handler,
  Implementation,
  Message,
  MetadataInput,
  Method,
  ReadOf,
  ServerCall,
  Service,
  WriteOf,
} from './rpc.ts';

// For those who write operators and sources of their own.

export { type Budget, queueBudget } from './flow/budget.ts';
export { type Demand, demand, demandsBelow } from './flow/demand.ts';
export { OverflowError } from './flow/overflow-error.ts';
