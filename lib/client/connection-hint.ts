import { Code, type StatusObject } from '../core/status.ts';

/** A status by which grpc-js says that it made no connection, with the option to look at where TLS is the reason. */
export function withConnectionHint(status: StatusObject): StatusObject {
  const { code, details, metadata } = status;
  if ((code as number) !== Code.UNAVAILABLE || !details.startsWith(NO_CONNECTION)) return status;
  if (Object.keys(metadata.getMap()).length > 0) return status; // a server has sent it
  const hint = hints.find(([reason]) => reason.test(details))?.[1];
  if (hint === undefined) return status;
  const why = details.replace(/\s*\.\s*Resolution note:\s*$/, '').trimEnd();
  return { code, details: `${why}. ${hint}`, metadata };
}

const NO_CONNECTION = 'No connection established. Last error: ';

/** By what OpenSSL and Node say, of Node 20 to 26. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /self-signed certificate|unable to verify the first certificate|unable to get (local )?issuer certificate/,
    "Look at connect()'s tls.ca: it has to hold the certificate of the authority that signed the server's, or the server's own where that is self-signed.",
  ],
  [
    /certificate has expired|certificate is not yet valid/,
    "Look at the certificate that the server shows (serve()'s tls.cert), and at the clock of this machine.",
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    "Look at the address: connect to a name that is in the server's certificate, or give the name that is meant as connect()'s channelOptions['grpc.ssl_target_name_override'].",
  ],
  [
    /alert certificate required|alert bad certificate|alert unknown ca|alert handshake failure/,
    "The server asks for a certificate that it trusts: look at connect()'s tls.key and tls.cert.",
  ],
  [
    /wrong version number|packet length too long/,
    'The server there speaks no TLS: look at the address, http:// is plaintext.',
  ],
  [
    /Last error: Failed to connect/,
    "The server closed the connection before it spoke HTTP/2. If it speaks TLS, write https://; if it asks for certificates, it may not trust connect()'s tls.cert.",
  ],
];
