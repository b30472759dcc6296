import type { Clients } from '../clients.ts';
import type { ClientOptions } from '../options.ts';
import { cancelAfterBegin, cancelAfterFirstResponse, timeoutOnSleepingServer } from './cancel.ts';
import { customMetadata } from './metadata.ts';
import { channelSoak, rpcSoak } from './soak.ts';
import { specialStatusMessage, statusCodeAndMessage, unimplementedMethod, unimplementedService } from './status.ts';
import { clientStreaming, emptyStream, pingPong, serverStreaming } from './streaming.ts';
import { emptyUnary, largeUnary } from './unary.ts';

/** Rejects when what came is not what the description asks for. */
export type Case = (clients: Clients, options: ClientOptions) => Promise<void>;

/** https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md, the cases that need no cloud. */
export const cases: Readonly<Record<string, Case>> = {
  empty_unary: emptyUnary,
  large_unary: largeUnary,
  client_streaming: clientStreaming,
  server_streaming: serverStreaming,
  ping_pong: pingPong,
  empty_stream: emptyStream,
  cancel_after_begin: cancelAfterBegin,
  cancel_after_first_response: cancelAfterFirstResponse,
  timeout_on_sleeping_server: timeoutOnSleepingServer,
  custom_metadata: customMetadata,
  status_code_and_message: statusCodeAndMessage,
  special_status_message: specialStatusMessage,
  unimplemented_method: unimplementedMethod,
  unimplemented_service: unimplementedService,
  rpc_soak: rpcSoak,
  channel_soak: channelSoak,
};
