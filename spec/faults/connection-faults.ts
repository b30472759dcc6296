import { data, frame, HEADERS, message, RST_STREAM, reset, windowUpdate } from '../grpc-js/raw-peer.ts';

const SETTINGS = 4;
const PING = 6;
const CONTINUATION = 9;
const END_HEADERS = 4;
const MAX_FRAME_BYTES = 16_384;
const MAX_WINDOW = 2 ** 31 - 1;
const IDLE = 99;

const setting = (id: number, value: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return frame(SETTINGS, 0, 0, bytes);
};

/** Faults after which a connection cannot continue (RFC 9113). */
export const connectionFaults: Readonly<Record<string, (id: number) => readonly Buffer[]>> = {
  'HTTP/1.1': () => [Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')],
  'a frame that is too long': id => [data(id, Buffer.alloc(MAX_FRAME_BYTES + 1))],
  'a PING of three bytes': () => [frame(PING, 0, 0, Buffer.alloc(3))],
  'a WINDOW_UPDATE of three bytes': id => [frame(8, 0, id, Buffer.alloc(3))],
  'a RST_STREAM of three bytes': id => [frame(RST_STREAM, 0, id, Buffer.alloc(3))],
  'SETTINGS of five bytes': () => [frame(SETTINGS, 0, 0, Buffer.alloc(5))],
  'SETTINGS of a stream': id => [frame(SETTINGS, 0, id)],
  'a window of 4 GiB in SETTINGS': () => [setting(4, 2 ** 32 - 1)],
  'frames of one byte in SETTINGS': () => [setting(5, 1)],
  'DATA of stream 0': () => [data(0, Buffer.alloc(5))],
  'DATA of a stream that does not exist': () => [data(IDLE, Buffer.alloc(5))],
  'DATA with more padding than bytes': id => [frame(0, 8, id, Buffer.from([200, 1, 2]))],
  'a reset of stream 0': () => [reset(0, 8)],
  'a reset of a stream that does not exist': () => [reset(IDLE, 8)],
  'a WINDOW_UPDATE of 0 of the connection': () => [windowUpdate(0, 0)],
  'a window beyond its maximum': () => [windowUpdate(0, MAX_WINDOW)],
  'HEADERS that HPACK does not know': id => [frame(HEADERS, END_HEADERS, id, Buffer.alloc(6, 0xff))],
  'CONTINUATION of nothing': id => [frame(CONTINUATION, END_HEADERS, id, Buffer.alloc(3))],
  'HEADERS without their CONTINUATION': id => [frame(HEADERS, 0, id, Buffer.alloc(0)), data(id, message({ n: 1 }))],
};

/**
 * Node 20 answers some of them with GOAWAY and then neither reads nor closes, even when its peer closes (later versions of Node
 * 22 do close). In that case keepalive ends the connection.
 */
export const KEEPALIVE = { 'grpc.keepalive_time_ms': 20, 'grpc.keepalive_timeout_ms': 1000 };
