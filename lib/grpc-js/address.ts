/** Where a client connects to or a server listens at. */
export interface Address {
  /** As grpc-js takes it: `host:port`, or any target with a scheme of its own (`dns:`, `unix:`, `ipv4:` ...). */
  readonly target: string;
  /** Whether the address says TLS (`https://`) or plaintext (`http://`); undefined when it says neither. */
  readonly tls: boolean | undefined;
}

/**
 * Reads `http://host:port` (plaintext) and `https://host:port` (TLS); all else is left to grpc-js.
 *
 * @throws TypeError when it is no string, or has more than a host and a port.
 */
export function parseAddress(address: string): Address {
  if (typeof address !== 'string' || address === '') {
    throw new TypeError(`address: expected a text like 'http://127.0.0.1:3000', got ${JSON.stringify(address)}`);
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
  // The URL leaves out the port that is its scheme's default.
  return { target: `${url.hostname}:${url.port === '' ? (tls ? 443 : 80) : url.port}`, tls };
}
