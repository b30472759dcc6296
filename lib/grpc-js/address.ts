/** The address that a client connects to or a server listens on. */
export interface Address {
  /** The target for grpc-js: `host:port`, or a target with its own scheme (`dns:`, `unix:`, `ipv4:` ...). */
  readonly target: string;
  /** True for `https://` (TLS), false for `http://` (plaintext), undefined for an address with neither. */
  readonly tls: boolean | undefined;
}

/**
 * Parses `http://host:port` (plaintext) and `https://host:port` (TLS). Passes every other target to grpc-js unchanged.
 *
 * @throws TypeError when the address is not a string, or has more than a host and a port.
 */
export function parseAddress(address: string): Address {
  if (typeof address !== 'string' || address === '') {
    throw new TypeError(`address: expected a string like 'http://127.0.0.1:3000', got ${JSON.stringify(address)}`);
  }
  const scheme = /^(https?):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return { target: address, tls: undefined };
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new TypeError(`address: '${address}' is not of the form ${scheme}://host:port, with a port from 0 to 65535`, {
      cause,
    });
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError(`address: '${address}' has more than a host and a port; gRPC has no place for the rest`);
  }
  const tls = scheme === 'https';
  // URL drops the default port of its scheme.
  return { target: `${url.hostname}:${url.port === '' ? (tls ? 443 : 80) : url.port}`, tls };
}
