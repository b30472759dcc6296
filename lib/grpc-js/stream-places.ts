import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

const END_STREAM = 1;

/**
 * A limit that no connection reaches: a connection has 2^30 streams in its lifetime. The value for "no limit" in HTTP/2
 * is higher.
 */
const NO_LIMIT = 2 ** 30;

/** A call that waits for a place. */
export interface Waiting {
  /** Called when there is a place. The call starts, and passes its stream to {@link StreamPlaces.take}. */
  begin(): void;
  /** Called when no call can start on this connection any more. */
  refuse(): void;
}

/**
 * Counts the streams of a connection against the server's limit (SETTINGS_MAX_CONCURRENT_STREAMS), and queues the calls
 * that wait for a stream.
 *
 * A stream that this side closes last, by a reset or by a half-close after the status, leaves its place in doubt: the
 * server may still count the stream for a moment after reading the frame. The place is free once the server
 * acknowledges a SETTINGS frame that was sent later. One such frame covers all places in doubt. It is sent only while a
 * call waits.
 */
export class StreamPlaces {
  readonly #session: ClientHttp2Session;
  /** In the order of arrival. */
  readonly #waiting = new Set<Waiting>();
  #open = 0;
  #inDoubt = 0;
  #isAsking = false;

  constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('remoteSettings', () => this.#admit());
  }

  /** Whether the server limits the streams now. Streams opened without a limit are not counted. */
  static isLimited(session: ClientHttp2Session): boolean {
    return limitOf(session) < NO_LIMIT;
  }

  get limit(): number {
    return limitOf(this.#session);
  }

  get hasPlace(): boolean {
    return this.#waiting.size === 0 && this.#isFree;
  }

  /**
   * Counts an opened stream. Its place is released when HTTP/2 has closed the stream, possibly long before its data is
   * read.
   */
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

  /** Sends SETTINGS one turn later, behind the resets: Node writes SETTINGS before other queued frames. */
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
