import { isIP } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

/**
 * Credentials that send no server name (SNI) where the target is an IP address. The certificate is checked against the address
 * as before.
 *
 * Wrong: grpc-js sends the host of the target as the server name, an IP address too, which RFC 6066 forbids. Node warns of that
 * (DEP0123), and from Node 26 on throws, so that no connection to `https://127.0.0.1` is made.
 * Upstream: `getConnectionOptions` in channel-credentials.ts, in 1.14.4 to 1.14.7.
 * Mended: the connector's options have an empty name, and Node then takes the host alone. Credentials without such options, those of
 * certificate providers, stay as they are. The object that was given is not changed.
 * Not needed any more when spec/grpc-js/no-ip-server-name.spec.ts passes without it on Node 26.
 */
export function noIpServerName(credentials: ChannelCredentials): ChannelCredentials {
  const createSecureConnector: ChannelCredentials['_createSecureConnector'] = (target, options, callCredentials) => {
    const connector = credentials._createSecureConnector(target, options, callCredentials);
    const { connectionOptions } = connector as { connectionOptions?: { servername?: unknown } };
    const name = connectionOptions?.servername;
    if (typeof name === 'string' && isIP(name) !== 0) connectionOptions!.servername = '';
    return connector;
  };
  return Object.create(credentials, { _createSecureConnector: { value: createSecureConnector } });
}
