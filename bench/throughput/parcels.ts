export interface Parcel {
  readonly payload: Uint8Array;
  readonly n: number;
}

export interface Order {
  readonly count: number;
  /** Of each message as protobuf encodes it. */
  readonly bytes: number;
}

/** Tag and value of `n`, and the tag of `payload`. */
const OTHER_BYTES = 6;

/** The payload of a message of so many bytes. */
export function payloadOf(bytes: number): Buffer {
  const rest = bytes - OTHER_BYTES;
  const lengthBytes = rest <= 128 ? 1 : rest <= 2 ** 14 + 1 ? 2 : 3;
  return Buffer.alloc(rest - lengthBytes, 7);
}

/** What a producer sends: each message is a new object, the payload is one for all. */
export function* parcels({ count, bytes }: Order): Generator<Parcel> {
  const payload = payloadOf(bytes);
  for (let n = 1; n <= count; n++) yield { payload, n };
}

/** Messages that this process has taken, of all its streams. */
export const progress = { taken: 0 };

/** Counts what a reader takes, and throws when one is missing, twice there or of another size. */
export class Check {
  count = 0;
  #payloadBytes: number | undefined;

  readonly take = ({ n, payload }: Parcel): void => {
    progress.taken++;
    if (n !== ++this.count) throw new Error(`message ${n} came as number ${this.count}`);
    this.#payloadBytes ??= payload.length;
    if (payload.length !== this.#payloadBytes) throw new Error(`message ${n} has ${payload.length} bytes of payload`);
  };

  end(count: number): void {
    if (this.count !== count) throw new Error(`${this.count} messages came instead of ${count}`);
  }
}

/** That the other side took all. */
export function checkTally(tally: { readonly count: number }, count: number): void {
  if (tally.count !== count) throw new Error(`${tally.count} messages arrived instead of ${count}`);
}
