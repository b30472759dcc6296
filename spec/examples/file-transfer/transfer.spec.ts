import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Code, close, connect, implement, serve } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { lastValueFrom, NEVER, type Observable, take, tap } from 'rxjs';
import { Inbox } from '../../../examples/file-transfer/inbox.ts';
import { PART_BYTES, sendFile } from '../../../examples/file-transfer/send-file.ts';
import { download, upload } from '../../../examples/file-transfer/transfer.ts';
import { Files, type Part } from '../../../examples/gen/files.ts';
import { deferred } from '../../support/deferred.ts';
import { settled } from '../../support/settled.ts';
import { asIs, codeOf, useBench } from './bench.ts';

/** Parts of 64 KiB: the current one, 16 in the reader's stream, and what the wire and the writer hold. */
const MAX_UNDER_WAY = 21;

describe('file-transfer', () => {
  const bench = useBench();

  for (const bytes of [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 7]) {
    it(`${bytes} bytes arrive unchanged, in both directions`, async () => {
      const path = bench.noise(bytes);
      const end = await lastValueFrom(upload(bench.client, path, 'noise.bin', asIs));
      expect(end).to.deep.equal({ bytes: BigInt(bytes), of: BigInt(bytes), complete: true });
      expect(bench.isSame()).to.equal(true);
      rmSync(path);
      await lastValueFrom(download(bench.client, new Inbox(bench.here), 'noise.bin', asIs));
      expect(bench.isSame()).to.equal(true);
      expect([...readdirSync(bench.here), ...readdirSync(bench.there)]).to.deep.equal(['noise.bin', 'noise.bin']);
    });
  }

  it('resumes where it was cut, in both directions, and sends nothing twice', async () => {
    const path = bench.noise(10 * PART_BYTES);
    const cut = await lastValueFrom(upload(bench.client, path, 'noise.bin', asIs).pipe(take(5)));
    expect(existsSync(join(bench.there, 'noise.bin')), 'under its name').to.equal(false);
    let sent = 0;
    const count = tap<Part>(({ part }) => {
      sent += part?.case === 'data' ? part.value.length : 0;
    });
    const begun: bigint[] = [];
    while (
      (await codeOf(upload(bench.client, path, 'noise.bin', count).pipe(tap(({ bytes }) => begun.push(bytes))))) !==
      'no error'
    ); // until the cut transfer has released the file
    expect(begun[0]).to.satisfy((bytes: bigint) => bytes >= cut.bytes);
    expect(sent).to.equal(10 * PART_BYTES - Number(begun[0]));
    expect(bench.isSame()).to.equal(true);

    rmSync(path);
    const inbox = new Inbox(bench.here);
    await lastValueFrom(download(bench.client, inbox, 'noise.bin', asIs).pipe(take(4)));
    const have = await inbox.found('noise.bin');
    expect(have).to.be.within(3 * PART_BYTES, 9 * PART_BYTES);
    sent = 0;
    await lastValueFrom(download(bench.client, inbox, 'noise.bin', count));
    expect(sent).to.equal(10 * PART_BYTES - have);
    expect(bench.isSame()).to.equal(true);
  });

  it('a file that has changed since the cut does not get the name, and nothing of it is kept', async () => {
    const path = bench.noise(4 * PART_BYTES);
    writeFileSync(join(bench.there, 'noise.bin.partial'), Buffer.alloc(2 * PART_BYTES)); // of another file
    expect(await codeOf(upload(bench.client, path, 'noise.bin', asIs))).to.equal(Code.DATA_LOSS);
    expect(readdirSync(bench.there)).to.deep.equal([]);
    await lastValueFrom(upload(bench.client, path, 'noise.bin', asIs));
    expect(bench.isSame()).to.equal(true);
  });

  it('a file that has become shorter is sent from the beginning', async () => {
    const path = bench.noise(PART_BYTES);
    writeFileSync(join(bench.there, 'noise.bin.partial'), Buffer.alloc(2 * PART_BYTES));
    await lastValueFrom(upload(bench.client, path, 'noise.bin', asIs));
    expect(bench.isSame()).to.equal(true);
  });

  it('the existing file keeps its name until the new one is complete', async () => {
    writeFileSync(join(bench.there, 'noise.bin'), 'old');
    const path = bench.noise(4 * PART_BYTES);
    await lastValueFrom(upload(bench.client, path, 'noise.bin', asIs).pipe(take(2)));
    expect(readFileSync(join(bench.there, 'noise.bin'), 'utf8')).to.equal('old');
  });

  it('reads no more of a file than is in flight, to a stalled server and to a stalled client', async () => {
    const path = bench.noise(0);
    truncateSync(path, 64 * 1024 * 1024);
    let read = 0;
    const part$ = sendFile(path, 'noise.bin', 0).pipe(tap(() => read++));
    let taken = deferred();
    const takeOne = () => {
      taken.resolve();
      return NEVER;
    };
    const stuck = {
      find: () => [],
      upload: (part$: Observable<Part>) => part$.pipe(concatMap(takeOne)),
      download: () => part$,
    };
    const server = await serve('http://127.0.0.1:0', implement(Files, stuck));
    const client = connect(Files, server.target);

    const uploading = part$.pipe(client.upload).subscribe();
    await taken.promise;
    expect(await settled(() => read), 'upload').to.be.within(1, MAX_UNDER_WAY);
    uploading.unsubscribe();

    read = 0;
    taken = deferred();
    const downloading = client.download({ name: 'noise.bin', from: 0 }).pipe(concatMap(takeOne)).subscribe();
    await taken.promise;
    expect(await settled(() => read), 'download').to.be.within(1, MAX_UNDER_WAY);
    downloading.unsubscribe();
    close(client);
    await server.shutdown({ graceMs: 0 });
  });
});
