import type { Part, Received } from '../gen/files.ts';

/** Counts the bytes that were read here and are not yet written over there. */
export class UnderWay {
  most = 0;
  #sent = 0;
  #received = 0;

  sent({ part }: Part): void {
    if (part?.case === 'begin') this.#sent = this.#received = Number(part.value.from);
    if (part?.case === 'data') this.#sent += part.value.length;
    this.most = Math.max(this.most, this.#sent - this.#received);
  }

  received({ bytes }: Received): void {
    this.#received = Number(bytes);
  }
}
