import { adjustGrpcJs } from '../../lib/grpc-js/adjust.ts';
import { findPrivateParts } from '../../lib/grpc-js/private.ts';

export interface CountedWrites {
  readonly client: number;
  readonly server: number;
  /** Resets the counts. */
  reset(): void;
  /** Restores grpc-js. */
  stop(): void;
}

/** Counts the writes of grpc-js to the HTTP/2 streams of all calls of this process, from now on. */
export function countWrites(): CountedWrites {
  adjustGrpcJs(); // else the patches would replace the counting methods
  const { clientCall, serverCall } = findPrivateParts()! as unknown as Record<string, Record<string, any>>;
  const { sendMessageWithContext } = clientCall!;
  const { sendMessage } = serverCall!;
  let client = 0;
  let server = 0;
  clientCall!['sendMessageWithContext'] = function (this: any, ...args: unknown[]) {
    client++;
    return sendMessageWithContext.apply(this, args);
  };
  serverCall!['sendMessage'] = function (this: any, ...args: unknown[]) {
    if (!this.stream.closed && !this.stream.destroyed) server++; // else the data goes nowhere
    return sendMessage.apply(this, args);
  };
  return {
    get client() {
      return client;
    },
    get server() {
      return server;
    },
    reset: () => {
      client = 0;
      server = 0;
    },
    stop: () => {
      clientCall!['sendMessageWithContext'] = sendMessageWithContext;
      serverCall!['sendMessage'] = sendMessage;
    },
  };
}
