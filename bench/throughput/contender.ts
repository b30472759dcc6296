import type { Order, Parcel } from './parcels.ts';

/** One library at its best, on each side. */
export interface Contender {
  /** Implements the four RPCs. Resolves to its port. */
  serve(): Promise<number>;
  connect(port: number): Promise<Client>;
}

/** Each resolves when its calls have ended well. */
export interface Client {
  unary(parcel: Parcel): Promise<void>;
  serverStream(order: Order): Promise<void>;
  clientStream(order: Order): Promise<void>;
  /** Sends as fast as it can what is sent back. */
  bidi(order: Order): Promise<void>;
  /** Over one bidi call, each message is sent when the one before is back. */
  pingPong(order: Order, isBack: () => void): Promise<void>;
}

interface Entry {
  /** The file in contenders/. */
  readonly file: string;
  readonly packages: readonly string[];
}

const connect = ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf'];
const nestjs = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices'];

/** That to which all others are compared. */
export const BASE = 'grpc-js';

export const contenders: Readonly<Record<string, Entry>> = {
  [BASE]: { file: 'grpc-js', packages: ['@grpc/grpc-js', '@grpc/proto-loader'] },
  'rx-grpc': { file: 'rx-grpc', packages: [] },
  'nice-grpc': { file: 'nice-grpc', packages: ['nice-grpc'] },
  'connect-node': { file: 'connect-node', packages: connect },
  nestjs: { file: 'nestjs', packages: nestjs },
  'http2+protobuf': { file: 'http2-protobuf', packages: ['protobufjs'] },
  http2: { file: 'http2', packages: [] },
};
