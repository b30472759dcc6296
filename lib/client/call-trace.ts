/** Frames that are looked at; those of RxJS and ours, which are left out when the stack is shown, are most of them. */
const MAX_FRAMES = 30;

/** Where in the options of a call the place stands that subscribed to it, when middleware comes between. */
export const subscribedAt: unique symbol = Symbol('rx-grpc.subscribedAt');

/** The stack of now, to lead an error to who subscribed. It is put into words when somebody reads it. */
export function traceCall(): { readonly stack?: string } {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.max(limit, MAX_FRAMES);
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, traceCall);
  Error.stackTraceLimit = limit;
  return trace;
}
