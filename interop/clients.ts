import { readFileSync } from 'node:fs';
import { type ClientOf, close, connect, load } from 'rx-grpc';
import { type Services, testProto } from './messages.ts';
import type { ClientOptions } from './options.ts';

export type TestClient = ClientOf<Services['TestService']>;

/** What a test case calls. */
export interface Clients {
  readonly test: TestClient;
  readonly unimplemented: ClientOf<Services['UnimplementedService']>;
  /** A client with a connection of its own. */
  another(): TestClient;
  close(): void;
}

export async function openClients(options: ClientOptions): Promise<Clients> {
  const { server_host, server_port, server_host_override, use_tls, use_test_ca, ca_file } = options;
  const { TestService, UnimplementedService }: Services = await load(testProto);
  const target = `${use_tls ? 'https' : 'http'}://${server_host}:${server_port}`;
  const settings = {
    ...(use_tls && use_test_ca && { tls: { ca: readFileSync(ca_file) } }),
    channelOptions: {
      // Else the second client of a channel_soak takes over the connection of the first.
      'grpc.use_local_subchannel_pool': 1,
      ...(server_host_override !== undefined && {
        'grpc.ssl_target_name_override': server_host_override,
        'grpc.default_authority': server_host_override,
      }),
    },
  };
  const test = connect(TestService, target, settings);
  const unimplemented = connect(UnimplementedService, target, settings);
  return {
    test,
    unimplemented,
    another: () => connect(TestService, target, settings),
    close: () => {
      close(test);
      close(unimplemented);
    },
  };
}
