import { createChannel, createClient, createServer } from 'nice-grpc';
import { serviceDefinition } from '../../contenders/grpc-service.ts';
import { overAsyncIterables } from './over-async-iterables.ts';

export const contender = overAsyncIterables({
  listen({ unary, serverStream, clientStream, bidi }) {
    const server = createServer();
    const implementation = { Unary: unary, ServerStream: serverStream, ClientStream: clientStream, Bidi: bidi };
    server.add(serviceDefinition() as any, implementation as any);
    return server.listen('127.0.0.1:0');
  },

  clientOf(port) {
    const client = createClient(serviceDefinition() as any, createChannel(`127.0.0.1:${port}`)) as any;
    const { Unary, ServerStream, ClientStream, Bidi } = client;
    return { unary: Unary, serverStream: ServerStream, clientStream: ClientStream, bidi: Bidi };
  },
});
