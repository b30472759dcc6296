import net from 'node:net';
import { type Frame, frame, headerBlock } from '../grpc-js/raw-peer.ts';
import { Lab, type Shape } from '../support/lab.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = 4;
const ACK = 1;
const HEAD_BYTES = 9;

/** A raw client that breaks exactly the rules it is told to break. */
export interface RawClient {
  readonly socket: net.Socket;
  /** All frames that arrived, except SETTINGS. */
  readonly frames: readonly Frame[];
  /** Resolves when a matching frame has arrived, or with undefined when the server closes the connection first. */
  seen(predicate: (frame: Frame) => boolean): Promise<Frame | undefined>;
  /** Resolves when this many matching frames have arrived, with their number; earlier when the connection has closed. */
  counted(n: number, predicate: (frame: Frame) => boolean): Promise<number>;
  send(...frames: readonly Buffer[]): void;
  /** Sends the HEADERS of a call and returns the number of its stream. */
  open(shape: Shape): number;
  readonly closed: Promise<void>;
}

export interface RawClientOptions {
  /** The bytes that the server may send on a stream before a window update. Default: 65,535. */
  readonly window?: number;
  /** Replaces the preface and SETTINGS. */
  readonly greeting?: Buffer;
}

export function rawClient(port: number, { window, greeting }: RawClientOptions): RawClient {
  const socket = net.connect(port, '127.0.0.1').setNoDelay();
  const frames: Frame[] = [];
  const watchers = new Set<() => void>();
  let next = 1;
  let bytes = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', chunk => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const length = HEAD_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < length) break;
      const [type, flags] = [bytes[3]!, bytes[4]!];
      if (type === SETTINGS && !(flags & ACK)) socket.write(frame(SETTINGS, ACK, 0));
      if (type !== SETTINGS) {
        frames.push({ type, flags, stream: bytes.readUInt32BE(5), payload: bytes.subarray(HEAD_BYTES, length) });
      }
      bytes = bytes.subarray(length);
    }
    for (const tell of watchers) tell();
  });
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  const settings = window === undefined ? Buffer.alloc(0) : initialWindow(window);
  socket.write(greeting ?? Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, settings)]));
  const counted: RawClient['counted'] = (n, predicate) =>
    new Promise(resolve => {
      let looked = 0;
      let count = 0;
      const look = (): void => {
        for (; looked < frames.length; looked++) if (predicate(frames[looked]!)) count++;
        if (count < n && !socket.destroyed) return;
        watchers.delete(look);
        resolve(count);
      };
      watchers.add(look);
      closed.then(look);
      look();
    });
  return {
    socket,
    frames,
    closed,
    counted,
    async seen(predicate) {
      await counted(1, predicate);
      return frames.find(predicate);
    },
    send: (...all) => socket.write(Buffer.concat(all)),
    open(shape) {
      const id = next;
      next += 2;
      socket.write(headerBlock(id, requestHeaders(shape), false));
      return id;
    },
  };
}

function initialWindow(bytes: number): Buffer {
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(4);
  setting.writeUInt32BE(bytes, 2);
  return setting;
}

export function requestHeaders(shape: Shape): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': Lab[shape].path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
}

/** The HEADERS of the i-th stream of a connection, from 0. */
export function bidiHeaders(i: number): Buffer {
  const headers = Buffer.from(template);
  headers.writeUInt32BE(idOf(i), 5);
  return headers;
}

export const idOf = (i: number): number => 2 * i + 1;

const template = headerBlock(1, requestHeaders('bidi'), false);

export const times = (count: number, of: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => of(i)));
