import { expect } from 'chai';
import fc from 'fast-check';
import { concat, endWith, ignoreElements, lastValueFrom, map, type Observable, range, Subject, toArray } from 'rxjs';
import { method } from '../../lib/generated.ts';
import { BytesValue } from '../../lib/google/protobuf/wrappers.ts';
import { type ClientOf, Code, close, connect, implement, pull, type Server, serve } from '../../lib/index.ts';
import { type CountedWrites, countWrites } from '../grpc-js/count-writes.ts';
import { record } from '../support/record.ts';

const Echo = {
  echo: method('/a.B/Echo', true, true, BytesValue, BytesValue),
  download: method('/a.B/Download', false, true, BytesValue, BytesValue),
  upload: method('/a.B/Upload', true, false, BytesValue, BytesValue),
};

interface Part {
  readonly value: Uint8Array;
}

const part = (size: number, n: number): Part => ({ value: new Uint8Array(size).fill(n) });
const all = <T>(values$: Observable<T>): Promise<T[]> => lastValueFrom(values$.pipe(toArray()));
const sizesOf = (parts: readonly Part[]): [number, number | undefined][] =>
  parts.map(({ value }) => [value.length, value[0]]);

/**
 * Sizes around a write of 8 KiB (a client's has 9.5), around a quarter of that, and around the minimum size for pooled buffers.
 */
const sizes = fc.array(
  fc.oneof(
    fc.nat(64),
    fc.nat(64),
    fc.constantFrom(0, 2045, 2046, 8188, 8189, 9724, 16_380, 16_384, 70_000),
    fc.nat(3000),
  ),
  { minLength: 1, maxLength: 200 },
);

describe('Messages encoded into a shared write', () => {
  let server: Server;
  let client: ClientOf<typeof Echo>;
  let writes: CountedWrites;
  let uploaded: Part[];
  let errors: unknown[];
  let downloads: () => Observable<Part>;

  beforeEach(async () => {
    writes = countWrites();
    uploaded = [];
    errors = [];
    server = await serve(
      'http://127.0.0.1:0',
      implement(Echo, {
        echo: part$ => part$,
        download: () => downloads(),
        upload: part$ => {
          const done$ = part$.pipe(
            map(received => uploaded.push(received)),
            ignoreElements(),
            endWith(part(1, 1)),
          );
          return done$ as Observable<Part>;
        },
      }),
      { onError: error => errors.push(error) },
    );
    client = connect(Echo, server.target);
  });

  afterEach(async () => {
    close(client);
    await server.shutdown();
    writes.stop();
  });

  it('arrive unchanged for any sizes and sources, from several calls at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 4 }), fc.boolean(), async (calls, waits) => {
        const echoes = calls.map(async (of, n) => {
          const parts = of.map((size, i) => part(size, n * 50 + (i % 50)));
          const echoed = await all(client.echo(waits ? pull(parts) : concat(...parts.map(one => [one]))));
          expect(sizesOf(echoed)).to.deep.equal(sizesOf(parts));
          expect(echoed.every(({ value }) => value.every(byte => byte === value[0]))).to.equal(true);
        });
        await Promise.all(echoes);
      }),
      { numRuns: 30 },
    );
  });

  it('take fewer writes than messages, in both directions', async () => {
    downloads = () => pull(Array.from({ length: 2000 }, (_, n) => part(16, n % 200)));
    expect(await all(client.download({}))).to.have.lengthOf(2000);
    expect(writes.server).to.be.within(Math.ceil(2000 / 128), 200);
    writes.reset();
    await lastValueFrom(client.upload(downloads()));
    expect(uploaded).to.have.lengthOf(2000);
    expect(writes.client).to.be.within(Math.ceil(2000 / 128), 200);
  });

  it('are sent as they were when emitted, although their objects change later', async () => {
    const value = new Uint8Array(1);
    downloads = () =>
      range(0, 200).pipe(
        map(n => {
          value[0] = n;
          return { value };
        }),
      );
    const numbers = async (parts: Promise<Part[]>) => (await parts).map(({ value: [n] }) => n);
    expect(await numbers(all(client.download({})))).to.deep.equal([...Array(200).keys()]);
    expect(await numbers(all(client.echo(downloads())))).to.deep.equal([...Array(200).keys()]);
  });

  it('all arrive when emitted before a response that cannot be encoded', async () => {
    downloads = () => range(0, 200).pipe(map(n => (n === 150 ? ({ value: 'none' } as never) : part(16, n))));
    const { values, ending } = record(client.download({}));
    expect((await ending).error).to.have.property('code', Code.UNKNOWN);
    expect(String(errors)).to.match(/^TypeError: .*BytesValue.value: expected a Uint8Array/);
    expect(sizesOf(values as Part[])).to.deep.equal(Array.from({ length: 150 }, (_, n) => [16, n]));
  });

  it('follow messages that a getter sends while they are encoded', async () => {
    const request$ = new Subject<Part>();
    const echoes = record(client.echo(request$));
    const sends = (n: number, inner: () => void) => ({
      get value() {
        inner();
        return Uint8Array.of(n);
      },
    });
    request$.next(part(1, 0));
    request$.next(part(1, 1));
    let isNested = false;
    request$.next(
      sends(4, () => {
        if (isNested) return;
        isNested = true;
        request$.next(part(1, 2));
        request$.next(part(1, 3));
      }),
    );
    request$.next(part(1, 5));
    request$.complete();
    await echoes.ending;
    expect((echoes.values as Part[]).map(({ value: [n] }) => n)).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });
});
