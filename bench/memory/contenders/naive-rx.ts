import type { Readable, Writable } from 'node:stream';
import type { sendUnaryData } from '@grpc/grpc-js';
import { Observable } from 'rxjs';
import { grpcClient, listen } from '../../contenders/grpc-service.ts';
import { overRxjs } from './over-rxjs.ts';

/** The thirty lines that everybody writes first: what write() returns is ignored, messages are pushed as they come. */
export const contender = overRxjs({
  listen: ({ download, upload, echo }) =>
    listen({
      Download: (call: Writable & { request: object }) => send(download(call.request), call),
      Upload: (call: Readable, callback: sendUnaryData<object>) =>
        upload(receive(call)).subscribe(response => callback(null, response)),
      Echo: (call: Readable & Writable) => send(echo(receive(call)), call),
    }),

  clientOf(port) {
    const client = grpcClient(port);
    return {
      download: request => receive(client.download(request)),
      upload: request$ =>
        new Observable(subscriber => {
          const call = client.upload((_error: unknown, response: object) => subscriber.next(response));
          return send(request$, call);
        }),
      echo: request$ => {
        const call = client.echo();
        send(request$, call);
        return receive(call);
      },
    };
  },
});

const send = <T>(source$: Observable<T>, call: Writable) =>
  source$.subscribe({
    next: message => call.write(message),
    error: error => call.destroy(error),
    complete: () => call.end(),
  });

const receive = <T>(call: Readable): Observable<T> =>
  new Observable(subscriber => {
    call.on('data', message => subscriber.next(message));
    call.on('error', error => subscriber.error(error));
    call.on('end', () => subscriber.complete());
  });
