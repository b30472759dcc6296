import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import { Lab } from './lab.ts';
import type { Seen } from './plain.ts';

/** Everything that a plain grpc-js client received, including bytes as text. */
export function told({ headers, status }: Seen): string {
  const values = [headers, status.metadata].flatMap(metadata =>
    Object.entries(metadata?.toJSON() ?? {}).map(([name, all]) => `${name}: ${all.map(String).join()}`),
  );
  return [status.code, status.details, ...values].join('\n');
}

/** A plain grpc-js server that ends all calls with this error. */
export async function plainFailure(error: Partial<ServiceError>): Promise<{ readonly target: string; stop(): void }> {
  const server = new Server();
  const fail = (_: unknown, callback: (error: Partial<ServiceError>) => void) => callback(error);
  const failStream = (call: { emit(event: string, error: unknown): void }) => call.emit('error', error);
  server.addService(Lab, { unary: fail, serverStream: failStream, clientStream: fail, bidi: failStream });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (failed, bound) =>
      failed ? reject(failed) : resolve(bound),
    );
  });
  return { target: `http://127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/** The ServiceError of a unary call with plain grpc-js. */
export function serviceErrorOf(target: string): Promise<ServiceError> {
  const client = new Client(target.replace('http://', ''), credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = Lab.unary;
  return new Promise<ServiceError>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { n: 1 }, error =>
      error ? resolve(error) : reject(new Error('it does not fail')),
    );
  }).finally(() => client.close());
}

export function metadataOf(entries: Readonly<Record<string, string | Buffer>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}
