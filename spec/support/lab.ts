import type { Method } from '../../lib/index.ts';

/** A message of the lab service. */
export interface Note {
  readonly n: number;
  readonly text?: string;
}

const codec = {
  requestSerialize: (note: Note) => Buffer.from(JSON.stringify(note)),
  requestDeserialize: (bytes: Buffer): Note => JSON.parse(bytes.toString()),
  responseSerialize: (note: Note) => Buffer.from(JSON.stringify(note)),
  responseDeserialize: (bytes: Buffer): Note => JSON.parse(bytes.toString()),
};

function method<RequestStream extends boolean, ResponseStream extends boolean>(
  name: string,
  requestStream: RequestStream,
  responseStream: ResponseStream,
): Method<Note, Note, RequestStream, ResponseStream> {
  return { path: `/lab.Lab/${name}`, requestStream, responseStream, ...codec };
}

/** The lab service: one RPC of each shape with JSON messages, so that specs of client and server need no codec. */
export const Lab = {
  unary: method('Unary', false, false),
  serverStream: method('ServerStream', false, true),
  clientStream: method('ClientStream', true, false),
  bidi: method('Bidi', true, true),
} as const;

export const shapes = ['unary', 'serverStream', 'clientStream', 'bidi'] as const;

export type Shape = (typeof shapes)[number];
