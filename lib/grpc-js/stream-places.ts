import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

const END_STREAM = 1;

/** A limit that no connection reaches: it has 2^30 streams in its life. HTTP/2's "no limit" is above it. */
const NO_LIMIT = 2 ** 30;

/** A call that waits for a place. */
export interface Waiting {
  /** There is a place: the call begins, and its stream is handed to {@link StreamPlaces.take}. */
  begin(): void;
  /** No call can begin on this connection any more. */
  refuse(): void;
}

/**
 * The streams that a server allows on one connection at the same time (SETTINGS_MAX_CONCURRENT_STREAMS), and the calls that wait
 * for one.
 *
 * A stream that this side closes last, by a reset or by its half-close behind the status, leaves its place in doubt: the server
 * may count it for a moment after it has read the frame. The place is free when the server has acknowledged a SETTINGS frame that
 * was sent later. One such frame covers all places in doubt, and it is sent only while a call waits.
 */
export class StreamPlaces {
  readonly #session: ClientHttp2Session;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting>();
  #open = 0;
  #inDoubt = 0;
  #isAsking = false;

  constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('remoteSettings', () => this.#admit());
  }

  /** Whether there is any limit now. Streams opened without one are not counted. */
  static isLimited(session: ClientHttp2Session): boolean {
    return limitOf(session) < NO_LIMIT;
  }

  get limit(): number {
    return limitOf(this.#session);
  }

  get hasPlace(): boolean {
    return this.#waiting.size === 0 && this.#isFree;
  }

  /** A stream has been opened. Its place is left when HTTP/2 has closed it, which may be long before its data is read. */
  take(stream: ClientHttp2Stream): void {
    this.#open++;
    let isLeft = false;
    const leave = (isInDoubt: boolean) => {
      if (isLeft) return;
      isLeft = true;
      this.#open--;
      if (isInDoubt) this.#inDoubt++;
      this.#admit();
    };
    const endedByServer = () => {
      if (stream.writableFinished) leave(false);
      else stream.once('finish', () => leave(true));
    };
    stream.once('response', (_headers, flags) => {
      if (flags & END_STREAM) endedByServer();
    });
    stream.once('trailers', endedByServer);
    stream.once('close', () => leave(true));
  }

  wait(call: Waiting): void {
    this.#waiting.add(call);
    this.#admit();
  }

  leave(call: Waiting): void {
    this.#waiting.delete(call);
  }

  refuseAll(): void {
    for (const call of this.#waiting) {
      this.#waiting.delete(call);
      call.refuse();
    }
  }

  get #isFree(): boolean {
    return this.#open + this.#inDoubt < this.limit;
  }

  #admit(): void {
    for (const call of this.#waiting) {
      if (!this.#isFree) break;
      this.#waiting.delete(call);
      call.begin();
    }
    if (this.#waiting.size > 0 && this.#inDoubt > 0 && !this.#isAsking) this.#ask();
  }

  /** Node writes SETTINGS before other frames that wait to be written, so it is sent a turn behind the resets. */
  #ask(): void {
    const asked = this.#inDoubt;
    this.#isAsking = true;
    setImmediate(() => {
      if (this.#session.closed || this.#session.destroyed) return;
      this.#session.settings({}, () => {
        this.#isAsking = false;
        this.#inDoubt -= asked;
        this.#admit();
      });
    });
  }
}

function limitOf({ remoteSettings }: ClientHttp2Session): number {
  return remoteSettings.maxConcurrentStreams ?? NO_LIMIT;
}
