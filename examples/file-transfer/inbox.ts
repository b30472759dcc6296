import { stat } from 'node:fs/promises';
import { Code, RpcError, toAsyncIterable } from 'rx-grpc';
import type { Observable } from 'rxjs';
import type { Begin, Part, Received } from '../gen/files.ts';
import { IncomingFile } from './incoming-file.ts';
import { placeIn } from './place-in.ts';

/** Told of each file that came, whole or not. */
export type Told = (name: string, received: Received) => void;

/** A folder that receives files, those of one process at a time. What came of one that was cut is kept, and gone on from. */
export class Inbox {
  readonly #folder: string;
  readonly #told: Told;
  readonly #arriving = new Set<string>();

  constructor(folder: string, told: Told = () => {}) {
    this.#folder = folder;
    this.#told = told;
  }

  /** The bytes of a file that was cut; 0 when there is none. */
  async found(name: string): Promise<number> {
    const { partial } = placeIn(this.#folder, name);
    return stat(partial).then(
      ({ size }) => size,
      () => 0,
    );
  }

  /** Writes the parts one after the other: the next one is asked for when the one before is written. */
  async *receive(part$: Observable<Part>, only?: string): AsyncGenerator<Received> {
    let file: IncomingFile | undefined;
    try {
      for await (const { part } of toAsyncIterable(part$)) {
        if (part?.case === 'begin' && file === undefined) {
          file = await this.#begin(part.value, only);
          yield file.received;
        } else if (part?.case === 'data' && file !== undefined) yield await file.append(part.value);
        else if (part?.case === 'sha256' && file !== undefined) return yield await file.finish(part.value);
        else throw new RpcError(Code.INVALID_ARGUMENT, `a begin, data and a sha256 were expected, not ${part?.case}`);
      }
      throw new RpcError(Code.INVALID_ARGUMENT, 'the file ended without a sha256');
    } finally {
      if (file !== undefined) await this.#end(file);
    }
  }

  async #begin(begin: Begin, only?: string): Promise<IncomingFile> {
    const { name } = begin;
    if (only !== undefined && name !== only)
      throw new RpcError(Code.INVALID_ARGUMENT, `${name} came instead of ${only}`);
    if (this.#arriving.has(name)) throw new RpcError(Code.ABORTED, `${name} is being received already`);
    this.#arriving.add(name);
    try {
      return await IncomingFile.open(placeIn(this.#folder, name), begin);
    } catch (error) {
      this.#arriving.delete(name);
      throw error;
    }
  }

  async #end(file: IncomingFile): Promise<void> {
    await file.close();
    this.#arriving.delete(file.name);
    this.#told(file.name, file.received);
  }
}
