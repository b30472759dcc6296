import type { Pipeline } from './cells.ts';
import type { Line } from './line.ts';

/** One library at its best, in each role. */
export interface Contender {
  /** Implements the three RPCs. Resolves to its port. */
  serve(line: Line): Promise<number>;
  /** Passes every call on to the server at `port`, and tells the line of each message. Resolves to its own port. */
  relay(line: Line, port: number): Promise<number>;
  /** Makes the one call of the line's cell, and reads what comes. */
  call(line: Line, port: number): Promise<void>;
}

interface Entry {
  /** The file in contenders/. */
  readonly file: string;
  readonly packages: readonly string[];
  readonly pipelines: readonly Pipeline[];
}

const observable: readonly Pipeline[] = ['direct', 'map', 'concatMap', 'gateway'];
/** A loop has no operators; its 1 ms of work for each message is the `concatMap`. */
const loop: readonly Pipeline[] = ['direct', 'concatMap', 'gateway'];

export const contenders: Readonly<Record<string, Entry>> = {
  'rx-grpc': { file: 'rx-grpc', packages: [], pipelines: observable },
  'grpc-js, drain honoured': { file: 'grpc-js', packages: ['@grpc/grpc-js', '@grpc/proto-loader'], pipelines: loop },
  'nice-grpc': { file: 'nice-grpc', packages: ['nice-grpc'], pipelines: loop },
  'connect-node': {
    file: 'connect-node',
    packages: ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf'],
    pipelines: loop,
  },
  'NestJS 12': {
    file: 'nestjs',
    packages: ['@nestjs/common', '@nestjs/core', '@nestjs/microservices'],
    pipelines: observable,
  },
  'naive Rx wrapper': { file: 'naive-rx', packages: [], pipelines: observable },
};
