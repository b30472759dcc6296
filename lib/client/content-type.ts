import type { ClientDuplexStream, Metadata, StatusObject } from '@grpc/grpc-js';
import { Code } from '../code.ts';

/**
 * Who answers with another content type is no gRPC server but a proxy with an error page, say. grpc-js takes the page for
 * messages: "Received message larger than max (1752460652 vs 4194304)" is what it makes of "<html". The error is made to say
 * what came, and is UNKNOWN then instead of RESOURCE_EXHAUSTED, as the mapping of HTTP to gRPC has it
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses").
 */
export function explainContentType(stream: ClientDuplexStream<Buffer, Buffer>): void {
  stream.once('metadata', (headers: Metadata) => {
    const [contentType] = headers.get('content-type');
    if (contentType === undefined || String(contentType).startsWith('application/grpc')) return;
    const emit = stream.emit.bind(stream);
    stream.emit = (event: string | symbol, ...args: unknown[]) =>
      event === 'status'
        ? emit(event, explained(args[0] as StatusObject, String(contentType)))
        : emit(event as string, ...args);
  });
}

function explained(status: StatusObject, contentType: string): StatusObject {
  const { code, details } = status;
  if (code === (Code.OK as number)) return status;
  return {
    ...status,
    code: code === (Code.RESOURCE_EXHAUSTED as number) ? (Code.UNKNOWN as number) : code,
    details: `the server answered with content-type "${contentType}", not application/grpc (${details})`,
  };
}
