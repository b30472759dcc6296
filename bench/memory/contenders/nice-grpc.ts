import { createChannel, createClient, createServer } from 'nice-grpc';
import { serviceDefinition } from '../../contenders/grpc-service.ts';
import { overAsyncIterables } from './over-async-iterables.ts';

export const contender = overAsyncIterables({
  listen({ download, upload, echo }) {
    const server = createServer();
    server.add(serviceDefinition() as any, { Download: download, Upload: upload, Echo: echo } as any);
    return server.listen('127.0.0.1:0');
  },

  clientOf(port) {
    const client = createClient(serviceDefinition() as any, createChannel(`127.0.0.1:${port}`)) as any;
    return { download: client.Download, upload: client.Upload, echo: client.Echo };
  },
});
