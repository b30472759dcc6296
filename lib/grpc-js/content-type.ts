import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { Code } from '../core/status.ts';
import { NO_MESSAGE } from './message-prefix.ts';

/**
 * The content type of an answer that is none of gRPC.
 *
 * Who answers with another content type is no gRPC server but a proxy with an error page, say. The page is read as messages until
 * one cannot be read. The error says what came, and is UNKNOWN then, as the mapping of HTTP to gRPC has it
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses").
 */
export function foreignType(headers: Metadata): string | undefined {
  const [contentType] = headers.get('content-type');
  if (contentType === undefined || String(contentType).startsWith('application/grpc')) return undefined;
  return String(contentType);
}

/** The status that a call with such an answer ends with. */
export function explained(status: StatusObject, contentType: string): StatusObject {
  const { code, details } = status;
  if (code === (Code.OK as number)) return status;
  const isPage = code === (Code.RESOURCE_EXHAUSTED as number) || details?.startsWith(NO_MESSAGE);
  return {
    ...status,
    code: isPage ? (Code.UNKNOWN as number) : code,
    details: `the server answered with content-type "${contentType}", not application/grpc${details ? ` (${details})` : ''}`,
  };
}
