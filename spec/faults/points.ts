import http2 from 'node:http2';
import { Code } from '../../lib/index.ts';
import { data, message, responseHeaders, trailers } from '../grpc-js/raw-peer.ts';
import type { Note } from '../support/lab.ts';

/** A point at which a message stream can break. */
export interface Point {
  readonly at: string;
  /** The bytes sent before this point, on a stream with that number; for a request, after the HEADERS. */
  readonly sent: (id: number) => Buffer[];
  /** The messages that are complete by then. */
  readonly notes: readonly Note[];
  /** The remaining bytes, and all messages after them. */
  readonly rest: (id: number) => Buffer[];
  readonly allNotes: readonly Note[];
}

export const OK: Readonly<Record<string, string>> = { 'grpc-status': '0' };

const one: Note = { n: 1 };
const two: Note = { n: 2 };
const cut = message(one).length + 9;
const both = Buffer.concat([message(one), message(two)]);

/** Points before the half-close. */
export const requestPoints: readonly Point[] = [
  {
    at: 'after the headers',
    sent: () => [],
    notes: [],
    rest: id => [data(id, message(one), true)],
    allNotes: [one],
  },
  {
    at: 'in the middle of a message',
    sent: id => [data(id, both.subarray(0, cut))],
    notes: [one],
    rest: id => [data(id, both.subarray(cut), true)],
    allNotes: [one, two],
  },
  {
    at: 'between messages',
    sent: id => [data(id, message(one))],
    notes: [one],
    rest: id => [data(id, message(two), true)],
    allNotes: [one, two],
  },
  {
    at: 'after the last message, before the half-close',
    sent: id => [data(id, both)],
    notes: [one, two],
    rest: id => [data(id, Buffer.alloc(0), true)],
    allNotes: [one, two],
  },
];

/** A response of one message with its status. */
export const wholeResponse = (id: number): Buffer[] => [responseHeaders(id), data(id, message(one)), trailers(id, OK)];

/** Points before the status. */
export const responsePoints: readonly Point[] = [
  { at: 'before the headers', sent: () => [], notes: [], rest: wholeResponse, allNotes: [one] },
  {
    at: 'after the headers',
    sent: id => [responseHeaders(id)],
    notes: [],
    rest: id => [data(id, message(one)), trailers(id, OK)],
    allNotes: [one],
  },
  {
    at: 'in the middle of a message',
    sent: id => [responseHeaders(id), data(id, both.subarray(0, cut))],
    notes: [one],
    rest: id => [data(id, both.subarray(cut)), trailers(id, OK)],
    allNotes: [one, two],
  },
  {
    at: 'between messages',
    sent: id => [responseHeaders(id), data(id, message(one))],
    notes: [one],
    rest: id => [data(id, message(two)), trailers(id, OK)],
    allNotes: [one, two],
  },
  {
    at: 'after the last message, before the trailers',
    sent: id => [responseHeaders(id), data(id, both)],
    notes: [one, two],
    rest: id => [trailers(id, OK)],
    allNotes: [one, two],
  },
];

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INADEQUATE_SECURITY, NGHTTP2_REFUSED_STREAM } =
  http2.constants;

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "HTTP2 Transport Mapping", "Errors". */
export function statusOfReset(errorCode: number): Code {
  switch (errorCode) {
    case NGHTTP2_REFUSED_STREAM:
      return Code.UNAVAILABLE;
    case NGHTTP2_CANCEL:
      return Code.CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return Code.RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
      return Code.PERMISSION_DENIED;
    default:
      return Code.INTERNAL;
  }
}

/** All codes of RFC 9113, section 7, and two undefined ones. */
export const errorCodes: readonly number[] = [...Array(14).keys(), 14, 0xffffffff];
