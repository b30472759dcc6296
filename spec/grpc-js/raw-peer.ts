import { once } from 'node:events';
import net from 'node:net';

/** Frame types and flags of RFC 9113, section 6. */
export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;

/** Error codes of section 7. */
export const NO_ERROR = 0;
export const INTERNAL_ERROR = 2;
export const CANCEL = 8;

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface RawPeerOptions {
  /** The window of each stream in bytes; `endless` returns what arrives to the window. Default: endless. */
  readonly window?: number | 'endless';
  readonly maxConcurrentStreams?: number;
  /** Does not answer pings. */
  readonly isDeaf?: boolean;
  /** Sends nothing, not even SETTINGS, until `greet()`. */
  readonly isSilent?: boolean;
}

/** A server of bare sockets and frames, without Node's HTTP/2: it sees exactly what is on the wire. */
export interface RawPeer {
  /** `http://127.0.0.1:port` */
  readonly target: string;
  readonly connections: readonly net.Socket[];
  /** All frames of a stream of the last connection, or of all connections without a number. */
  frames(stream?: number): Frame[];
  /** Resolves when a matching frame has arrived. */
  seen(predicate: (frame: Frame) => boolean): Promise<Frame>;
  /** Resolves with the number of the n-th stream, from 0, when its HEADERS have arrived. */
  stream(n: number): Promise<number>;
  /** Sends these frames in one write. */
  send(...frames: readonly Buffer[]): void;
  greet(): void;
  close(): Promise<void>;
}

export async function rawPeer(options: RawPeerOptions = {}): Promise<RawPeer> {
  const { window = 'endless', maxConcurrentStreams, isSilent = false, isDeaf = false } = options;
  const connections: net.Socket[] = [];
  const all: Frame[] = [];
  const watchers = new Set<() => void>();

  const greet = (socket: net.Socket): void => {
    const settings: [number, number][] = [];
    if (maxConcurrentStreams !== undefined) settings.push([3, maxConcurrentStreams]);
    if (window !== 'endless') settings.push([4, window]);
    socket.write(frame(SETTINGS, 0, 0, Buffer.concat(settings.map(([id, value]) => setting(id, value)))));
    // The connection's window is not under test.
    socket.write(windowUpdate(0, 2 ** 30));
  };

  const take = (socket: net.Socket, { type, flags, stream, payload }: Frame): void => {
    if (type === SETTINGS && !(flags & ACK) && !isSilent) socket.write(frame(SETTINGS, ACK, 0));
    if (type === PING && !(flags & ACK) && !isDeaf) socket.write(frame(PING, ACK, 0, payload));
    if (type === DATA && window === 'endless' && payload.length > 0) {
      socket.write(windowUpdate(stream, payload.length));
    }
  };

  const server = net.createServer({ noDelay: true }, socket => {
    connections.push(socket);
    socket.on('error', () => {});
    let bytes = Buffer.alloc(0);
    let isPrefaceRead = false;
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isPrefaceRead && bytes.length >= PREFACE_BYTES) {
        isPrefaceRead = true;
        bytes = bytes.subarray(PREFACE_BYTES);
      }
      while (isPrefaceRead && bytes.length >= HEAD_BYTES) {
        const length = HEAD_BYTES + bytes.readUIntBE(0, 3);
        if (bytes.length < length) break;
        const seen: Frame = {
          type: bytes[3]!,
          flags: bytes[4]!,
          stream: bytes.readUInt32BE(5),
          payload: bytes.subarray(HEAD_BYTES, length),
        };
        bytes = bytes.subarray(length);
        all.push(seen);
        take(socket, seen);
        for (const tell of watchers) tell();
      }
    });
    if (!isSilent) greet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;

  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise(resolve => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });

  return {
    target: `http://127.0.0.1:${port}`,
    connections,
    frames: stream => (stream === undefined ? all : all.filter(seen => seen.stream === stream)),
    seen: predicate => until(() => all.find(predicate)),
    stream: n => until(() => all.filter(({ type }) => type === HEADERS)[n]?.stream),
    send: (...frames) => connections.at(-1)!.write(Buffer.concat(frames)),
    greet: () => {
      const socket = connections.at(-1)!;
      greet(socket);
      socket.write(frame(SETTINGS, ACK, 0));
    },
    close: () => {
      for (const socket of connections) socket.destroy();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  return frame(WINDOW_UPDATE, 0, stream, uint32(bytes));
}

export function reset(stream: number, code: number): Buffer {
  return frame(RST_STREAM, 0, stream, uint32(code));
}

export function goAway(lastStream: number, code: number, text = ''): Buffer {
  return frame(GOAWAY, 0, 0, Buffer.concat([uint32(lastStream), uint32(code), Buffer.from(text)]));
}

export function data(stream: number, bytes: Buffer, isLast = false): Buffer {
  return frame(DATA, isLast ? END_STREAM : 0, stream, bytes);
}

/** Header fields; a field with a list of values is sent once per value. */
type Fields = Readonly<Record<string, string | readonly string[]>>;

/** Fields as HPACK literals without the dynamic table. */
export function headerBlock(stream: number, fields: Fields, isLast: boolean): Buffer {
  const all = Object.entries(fields).flatMap(([name, values]) => [values].flat().map(value => [name, value] as const));
  const block = all.flatMap(([name, value]) => [
    Buffer.from([0, Buffer.byteLength(name)]),
    Buffer.from(name),
    Buffer.from([Buffer.byteLength(value)]),
    Buffer.from(value),
  ]);
  return frame(HEADERS, END_HEADERS | (isLast ? END_STREAM : 0), stream, Buffer.concat(block));
}

export function responseHeaders(stream: number, fields: Fields = {}): Buffer {
  return headerBlock(stream, { ':status': '200', 'content-type': 'application/grpc', ...fields }, false);
}

export function trailers(stream: number, fields: Fields): Buffer {
  return headerBlock(stream, fields, true);
}

export function trailersOnly(stream: number, fields: Fields): Buffer {
  return headerBlock(stream, { ':status': '200', 'content-type': 'application/grpc', ...fields }, true);
}

/** A length-prefixed gRPC message: a Note of the Lab service, or bytes. */
export function message(note: object | Buffer, isCompressed = false): Buffer {
  const bytes = Buffer.isBuffer(note) ? note : Buffer.from(JSON.stringify(note));
  return Buffer.concat([Buffer.from([isCompressed ? 1 : 0]), uint32(bytes.length), bytes]);
}

export const isEndOfStream = ({ type, flags }: Frame): boolean =>
  (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;

/** The frames that end a stream, in order: `END_STREAM`, `RST_STREAM 8`. */
export function endings(frames: readonly Frame[]): string[] {
  return frames.flatMap(seen => {
    if (isEndOfStream(seen)) return ['END_STREAM'];
    return seen.type === RST_STREAM ? [`RST_STREAM ${seen.payload.readUInt32BE()}`] : [];
  });
}
