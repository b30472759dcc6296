import {
  Client,
  type ClientWritableStream,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { Lab, type Note, type Shape } from './lab.ts';

/** The outcome of one call for a plain grpc-js client. */
export interface Seen {
  readonly notes: Note[];
  readonly headers: Metadata | undefined;
  readonly status: StatusObject;
}

/** Calls the lab service with plain grpc-js. */
export function plainCall(
  target: string,
  shape: Shape,
  requests: readonly Note[],
  metadata = new Metadata(),
): Promise<Seen> {
  const client = new Client(target, credentials.createInsecure());
  const { path, requestSerialize: serialize, responseDeserialize: deserialize } = Lab[shape];
  const notes: Note[] = [];
  let headers: Metadata | undefined;
  return new Promise<Seen>(resolve => {
    const done = (_error: ServiceError | null, note?: Note): void => {
      if (note) notes.push(note);
    };
    const call = {
      unary: () => client.makeUnaryRequest(path, serialize, deserialize, requests[0]!, metadata, done),
      serverStream: () => client.makeServerStreamRequest(path, serialize, deserialize, requests[0]!, metadata),
      clientStream: () => client.makeClientStreamRequest(path, serialize, deserialize, metadata, done),
      bidi: () => client.makeBidiStreamRequest(path, serialize, deserialize, metadata),
    }[shape]();
    call.on('metadata', received => {
      headers = received;
    });
    let status: StatusObject | undefined;
    let hasEnded = !Lab[shape].responseStream;
    const finish = () => status && hasEnded && resolve({ notes, headers, status });
    call.on('error', () => {});
    call.on('status', received => {
      status = received;
      hasEnded ||= received.code !== 0;
      setImmediate(finish);
    });
    if ('read' in call) {
      call.on('data', note => notes.push(note));
      call.on('end', () => {
        hasEnded = true;
        finish();
      });
    }
    if (Lab[shape].requestStream) {
      const upload = call as ClientWritableStream<Note>;
      for (const note of requests) upload.write(note);
      upload.end();
    }
  }).finally(() => client.close());
}

/** Serves the lab service with plain grpc-js: echoes with a header and a trailer, or fails at a note with n = 13. */
export async function plainServer(): Promise<{ readonly port: number; readonly stop: () => void }> {
  const headers = new Metadata();
  headers.set('x-header', 'h');
  const trailers = new Metadata();
  trailers.set('x-trailer', 't');
  const unlucky = { code: 5, details: 'unlucky', metadata: trailers };
  const server = new Server();
  server.addService(Lab, {
    unary: (call: ServerUnaryCall<Note, Note>, callback: sendUnaryData<Note>) => {
      call.sendMetadata(headers);
      if (call.request.n === 13) callback(unlucky);
      else callback(null, call.request, trailers);
    },
    serverStream: (call: ServerWritableStream<Note, Note>) => {
      call.sendMetadata(headers);
      for (let n = 0; n < 3; n++) call.write({ n });
      if (call.request.n === 13) call.emit('error', unlucky);
      else call.end(trailers);
    },
    clientStream: (call: ServerReadableStream<Note, Note>, callback: sendUnaryData<Note>) => {
      call.sendMetadata(headers);
      let sum = 0;
      call.on('data', (note: Note) => {
        sum += note.n;
      });
      call.on('end', () => (sum === 13 ? callback(unlucky) : callback(null, { n: sum }, trailers)));
    },
    bidi: (call: ServerDuplexStream<Note, Note>) => {
      call.sendMetadata(headers);
      call.on('data', (note: Note) => (note.n === 13 ? call.emit('error', unlucky) : call.write(note)));
      call.on('end', () => call.end(trailers));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}
