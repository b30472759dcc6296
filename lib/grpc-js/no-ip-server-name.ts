import { isIP } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

/**
 * Returns credentials that send no server name (SNI) when the target is an IP address. The certificate is still checked
 * against the address.
 *
 * Problem: grpc-js sends the host of the target as the server name even if it is an IP address, which RFC 6066 forbids.
 * Node warns about it (DEP0123), and throws from Node 26 on, so that no connection to `https://127.0.0.1` succeeds.
 * Upstream: `getConnectionOptions` in channel-credentials.ts, in 1.14.4 to 1.14.7.
 * Fix: the connector's options get an empty server name, and Node then uses the host alone. Credentials without such
 * options (those of certificate providers) are unaffected. The given object is not changed.
 * Remove it when spec/grpc-js/no-ip-server-name.spec.ts passes without it on Node 26.
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
