// Clients and servers.

export { type Pullable, pull } from './backpressure/pull.ts';
export { type ToAsyncIterableOptions, toAsyncIterable } from './backpressure/to-async-iterable.ts';
export type { ConnectivityState } from './call/transport.ts';
export { type ClientDefaults, close, state$ } from './client/client.ts';
export { type ConnectOptions, connect } from './client/connect.ts';
export { forward } from './client/forward.ts';
export { type CallWithMetadata, type Status, withCall } from './client/with-call.ts';
export { type LoadOptions, load } from './codec/load.ts';
export { withMetadata } from './core/call-options.ts';
export type { RichDetail, RichDetailInput, RichDetailTypes, UnknownDetail } from './core/error-details.ts';
export { retryDelayMs, retryInfo, richDetail, richDetailsOf } from './core/error-details.ts';
export { isRpcError, RpcError, type RpcErrorLike, type RpcErrorOptions } from './core/rpc-error.ts';
export { Code, codeName } from './core/status.ts';
export type {
  BadRequest,
  BadRequest_FieldViolation as FieldViolation,
  DebugInfo,
  ErrorInfo,
  Help,
  Help_Link as HelpLink,
  LocalizedMessage,
  PreconditionFailure,
  PreconditionFailure_Violation as PreconditionViolation,
  QuotaFailure,
  QuotaFailure_Violation as QuotaViolation,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from './google/rpc/error_details.ts';
export type { ClientTls } from './grpc-js/channels.ts';
export type { ConnectionAge } from './grpc-js/connection-ages.ts';
export type { ClientKeepalive, ServerKeepalive } from './grpc-js/keepalive.ts';
export type { ServerTls } from './grpc-js/server.ts';
export type { ShutdownOptions, ShutdownReport } from './grpc-js/shutdown.ts';
export { type LoopbackOptions, loopback } from './loopback/loopback.ts';
export { type Bound, type Implement, type ImplementOptions, implement } from './server/implement.ts';
export { type ServeOptions, type Server, serve } from './server/serve.ts';

// For authors of middleware.

export {
  type ClientMiddleware,
  type ClientMiddlewareOf,
  compose,
  type Middleware,
  type Rpc,
  type ServerMiddleware,
  type ServerMiddlewareOf,
} from './core/middleware.ts';
export { type CallContext, type ContextKey, contextKey } from './core/server-call.ts';

// Inspection of running calls.

export type { WaitsFor } from './call/direction-stats.ts';
export { type CallReport, type Direction, type DirectionReport, type Inspector, inspect } from './call/live-calls.ts';

// Types for signatures.

export type { CallOptions, Compression, FlowOptions } from './core/call-options.ts';
export type { MetadataInput } from './core/metadata.ts';
export type { Message, Method, MethodInfo, ReadOf, Service, WriteOf } from './core/method.ts';
export type { ServerCall } from './core/server-call.ts';
export type { ClientMethod, ClientOf, Handler, Implementation } from './core/service.ts';
export type { PartialMessage } from './foreign/generic-definition.ts';
export type { MessageInit } from './foreign/protobuf-es.ts';

// For authors of operators and sources.

export { type Demand, demand } from './backpressure/demand.ts';
export { type MemoryLimit as Budget, queueBudget } from './backpressure/memory-limit.ts';
export { OverflowError } from './backpressure/overflow-error.ts';
export { demandsBelow } from './backpressure/rxjs-internals.ts';
