import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ServerDuplexStream, ServerReadableStream, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { grpcClient, listen } from '../../contenders/grpc-service.ts';
import type { Contender } from '../contender.ts';
import type { Line, Parcel } from '../line.ts';

/** grpc-js as its documentation and Node's say: nothing is written before 'drain', messages are read one at a time. */
export const contender: Contender = {
  serve: line =>
    listen({
      Download: (call: ServerWritableStream<Parcel, Parcel>) => produce(line, call),
      Upload: (call: ServerReadableStream<Parcel, Parcel>, callback: sendUnaryData<object>) =>
        read(call, line).then(() => callback(null, {})),
      Echo: (call: ServerDuplexStream<Parcel, Parcel>) => pass(call, call, parcel => line.turn(parcel)),
    }),

  relay(line, port) {
    const far = grpcClient(port);
    const forth = (parcel: Parcel) => observe(line, 'forth', parcel);
    const back = (parcel: Parcel) => observe(line, 'back', parcel);
    return listen({
      Download: (call: ServerWritableStream<Parcel, Parcel>) => pass(far.download(call.request), call, back),
      Upload: (call: ServerReadableStream<Parcel, Parcel>, callback: sendUnaryData<object>) =>
        pass(call, far.upload(callback), forth),
      Echo: (call: ServerDuplexStream<Parcel, Parcel>) => {
        const farCall = far.echo();
        return Promise.all([pass(call, farCall, forth), pass(farCall, call, back)]);
      },
    });
  },

  async call(line, port) {
    const client = grpcClient(port);
    const { direction } = line.cell;
    if (direction === 'download') await read(client.download({}), line);
    else if (direction === 'upload')
      await produce(
        line,
        client.upload(() => {}),
      );
    else {
      const call = client.echo();
      await Promise.all([produce(line, call), read(call, line)]);
    }
  },
};

async function produce(line: Line, to: Writable): Promise<void> {
  for (const parcel of line.produce()) {
    if (!to.write(parcel)) await once(to, 'drain');
  }
  to.end();
}

async function read(from: Readable, line: Line): Promise<void> {
  for await (const parcel of from) await line.take(parcel);
}

async function pass(from: Readable, to: Writable, work: (parcel: Parcel) => Parcel | Promise<Parcel>): Promise<void> {
  // A server's bidi call is one stream: the end of its requests must not destroy its responses.
  for await (const parcel of from.iterator({ destroyOnReturn: false })) {
    if (!to.write(await work(parcel))) await once(to, 'drain');
  }
  to.end();
}

function observe(line: Line, point: 'forth' | 'back', parcel: Parcel): Parcel {
  line.pass(point);
  return parcel;
}
