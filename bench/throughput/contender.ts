import type { Order, Parcel } from './parcels.ts';

/** One library at its best, on each side. */
export interface Contender {
  /** Implements the four RPCs. Resolves to its port. */
  serve(): Promise<number>;
  /** @param hasOwnConnection it shares none with other clients of the process, for contenders that have a choice. */
  connect(port: number, hasOwnConnection?: boolean): Promise<Client>;
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
  /** The file, or the folder of a program in Go, in contenders/. */
  readonly file: string;
  readonly packages: readonly string[];
}

const connect = ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf'];
const nestjs = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices'];

/** The contender to which all others are compared. */
export const BASE = 'grpc-js';
/** For orientation: it is another language. */
export const GRPC_GO = 'grpc-go';

export const contenders: Readonly<Record<string, Entry>> = {
  [BASE]: { file: 'grpc-js', packages: ['@grpc/grpc-js', '@grpc/proto-loader'] },
  'rx-grpc': { file: 'rx-grpc', packages: [] },
  'nice-grpc': { file: 'nice-grpc', packages: ['nice-grpc'] },
  'connect-node': { file: 'connect-node', packages: connect },
  nestjs: { file: 'nestjs', packages: nestjs },
  'http2+protobuf': { file: 'http2-protobuf', packages: ['protobufjs'] },
  http2: { file: 'http2', packages: [] },
  [GRPC_GO]: { file: 'grpc-go', packages: [] },
};

/** A contender, or another build of rx-grpc, in one setting. */
export interface Variant {
  /** Of the contender or of the build. */
  readonly name: string;
  /** What sets it apart from the variant of the same name that has none: `cold`, `Node 22`. */
  readonly setting?: string;
  /** The folder of another build of rx-grpc. */
  readonly build?: string | undefined;
  /** The executable of Node; the one that runs the benchmark unless given. */
  readonly node?: string;
  /** The work is done by processes that have just started, once. */
  readonly isCold?: boolean;
}
