import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Code, RpcError } from 'rx-grpc';
import type { Begin, Received } from '../gen/files.ts';
import type { Place } from './place-in.ts';

/** A file that arrives: beside its place until the checksum fits. */
export class IncomingFile {
  readonly name: string;
  readonly #place: Place;
  readonly #file: FileHandle;
  readonly #of: bigint;
  readonly #hash = createHash('sha256');
  #bytes = 0n;
  #isComplete = false;

  /** Goes on where the parts begin; what is there of it beyond that is cut off. */
  static async open(place: Place, begin: Begin): Promise<IncomingFile> {
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
    const incoming = new IncomingFile(
      place,
      begin,
      await open(place.partial, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW),
    );
    try {
      await incoming.#goOnFrom(begin.from);
      return incoming;
    } catch (error) {
      await incoming.close();
      throw error;
    }
  }

  private constructor(place: Place, { name, size }: Begin, file: FileHandle) {
    this.name = name;
    this.#place = place;
    this.#file = file;
    this.#of = size;
  }

  async #goOnFrom(from: bigint): Promise<void> {
    const { size } = await this.#file.stat({ bigint: true });
    if (from > size) throw new RpcError(Code.FAILED_PRECONDITION, `${this.name}: ${size} bytes are here, not ${from}`);
    await this.#file.truncate(Number(from));
    for await (const bytes of this.#file.createReadStream({ start: 0, autoClose: false })) this.#hash.update(bytes);
    this.#bytes = from;
  }

  get received(): Received {
    return { bytes: this.#bytes, of: this.#of, complete: this.#isComplete };
  }

  async append(data: Uint8Array): Promise<Received> {
    await this.#file.appendFile(data);
    this.#hash.update(data);
    this.#bytes += BigInt(data.length);
    return this.received;
  }

  /** Gives it its name, if the checksum fits; if not, nothing of it is kept. */
  async finish(sha256: Uint8Array): Promise<Received> {
    if (!this.#hash.digest().equals(sha256)) {
      await rm(this.#place.partial);
      throw new RpcError(Code.DATA_LOSS, `${this.name}: the checksum does not fit; begin again`);
    }
    await this.#file.sync();
    await rename(this.#place.partial, this.#place.path);
    this.#isComplete = true;
    return this.received;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
