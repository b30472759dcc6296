import { createHash } from 'node:crypto';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Code, pull } from 'rx-grpc';
import { lastValueFrom, Subject, tap } from 'rxjs';
import { Inbox } from '../../../examples/file-transfer/inbox.ts';
import { PART_BYTES, sendFile } from '../../../examples/file-transfer/send-file.ts';
import { download, upload } from '../../../examples/file-transfer/transfer.ts';
import type { Part, PartInit } from '../../../examples/gen/files.ts';
import { asIs, codeOf, useBench } from './bench.ts';

describe('file-transfer, refusals', () => {
  const bench = useBench();

  for (const name of [
    '../secret',
    '/etc/passwd',
    'a/../../secret',
    '..',
    '.',
    '',
    'a\\b',
    'a\0b',
    'a\u001b[2Jb',
    'a\nb',
    'x.partial',
    'ä'.repeat(121),
  ]) {
    it(`refuses the name ${JSON.stringify(name.slice(0, 20))}`, async () => {
      writeFileSync(join(bench.folder, 'secret'), 'of somebody');
      const path = bench.noise(1);
      const calls = [
        bench.client.find({ name }),
        bench.client.download({ name, from: 0 }),
        sendFile(path, name, 0).pipe(bench.client.upload),
      ];
      for (const call$ of calls) expect(await codeOf(call$)).to.equal(Code.INVALID_ARGUMENT);
      expect(readdirSync(bench.there)).to.deep.equal([]);
    });
  }

  it('accepts the longest permitted name', async () => {
    const name = 'ä'.repeat(120);
    await lastValueFrom(upload(bench.client, bench.noise(1), name, asIs));
    expect(readdirSync(bench.there)).to.deep.equal([name]);
  });

  it('follows no link out of the folder', async () => {
    writeFileSync(join(bench.folder, 'secret'), 'of somebody');
    symlinkSync(join(bench.folder, 'secret'), join(bench.there, 'link'));
    symlinkSync(join(bench.folder, 'secret'), join(bench.there, 'noise.bin.partial'));
    expect(await codeOf(bench.client.download({ name: 'link', from: 0 }))).to.equal(Code.NOT_FOUND);
    expect(await codeOf(sendFile(bench.noise(1), 'noise.bin', 0).pipe(bench.client.upload))).to.equal(
      Code.FAILED_PRECONDITION,
    );
    expect(String(bench.failures), 'told to the server').to.contain('ELOOP');
    expect(readFileSync(join(bench.folder, 'secret'), 'utf8')).to.equal('of somebody');
  });

  it('refuses parts out of order, and a second upload of the same name at the same time', async () => {
    const begin: PartInit = { part: { case: 'begin', value: { name: 'noise.bin', size: 1, from: 0 } } };
    const data: PartInit = { part: { case: 'data', value: new Uint8Array(1) } };
    for (const parts of [[], [data], [begin, begin], [begin, data], [{ part: undefined }]]) {
      expect(await codeOf(pull(parts).pipe(bench.client.upload)), JSON.stringify(parts)).to.equal(
        Code.INVALID_ARGUMENT,
      );
    }
    const late: PartInit = { part: { case: 'begin', value: { name: 'other', size: 2, from: 1 } } };
    expect(await codeOf(pull([late]).pipe(bench.client.upload))).to.equal(Code.FAILED_PRECONDITION);

    const part$ = new Subject<PartInit>();
    const first = new Promise(resolve => part$.pipe(bench.client.upload).subscribe({ next: resolve, error: () => {} }));
    part$.next(begin);
    await first;
    expect(await codeOf(pull([begin]).pipe(bench.client.upload))).to.equal(Code.ABORTED);
  });

  it('aborts when another process writes the same file, rather than name a mixture', async () => {
    const path = bench.noise(4 * PART_BYTES);
    const [one, two] = [new Inbox(bench.there), new Inbox(bench.there)].map(inbox =>
      inbox.receive(sendFile(path, 'noise.bin', 0)),
    );
    await one?.next(); // has started
    await one?.next(); // has the first part
    await two?.next(); // has started, and truncated the first part
    expect(await codeOf(pull(one ?? []))).to.equal(Code.ABORTED);
    expect((await lastValueFrom(pull(two ?? []))).complete).to.equal(true);
    expect(bench.isSame()).to.equal(true);
  });

  it('names no file whose size differs from the announced one, whether less or more', async () => {
    const value = new Uint8Array(2);
    const sha256 = createHash('sha256').update(value).digest();
    for (const [size, code] of [
      [1, Code.DATA_LOSS],
      [2, 'no error'],
      [3, Code.DATA_LOSS],
    ] as const) {
      const parts: PartInit[] = [
        { part: { case: 'begin', value: { name: 'two', size, from: 0 } } },
        { part: { case: 'data', value } },
        { part: { case: 'sha256', value: sha256 } },
      ];
      expect(await codeOf(pull(parts).pipe(bench.client.upload)), `${size}`).to.equal(code);
    }
    expect(readdirSync(bench.there)).to.deep.equal(['two']);
  });

  for (const [how, change] of [
    ['grows', path => appendFileSync(path, 'more')],
    ['shrinks', path => truncateSync(path, PART_BYTES)],
    ['is written anew', path => writeFileSync(path, Buffer.alloc(40 * PART_BYTES))],
  ] as [string, (path: string) => void][]) {
    it(`sends no file that ${how} during the transfer`, async () => {
      const path = bench.noise(40 * PART_BYTES);
      utimesSync(path, 0, 0);
      const changing = tap<Part>(({ part }) => {
        if (part?.case === 'begin') change(path);
      });
      expect(await codeOf(upload(bench.client, path, 'noise.bin', changing))).to.equal(Code.ABORTED);
      expect(readdirSync(bench.there)).to.not.contain('noise.bin');
    });
  }

  it('accepts no other file than the requested one', async () => {
    const inbox = new Inbox(bench.here);
    bench.noise(1);
    writeFileSync(join(bench.there, 'a'), 'a');
    const swapped = {
      ...bench.client,
      download: () => bench.client.download({ name: 'a', from: 0 }),
    } as typeof bench.client;
    expect(await codeOf(download(swapped, inbox, 'b', asIs))).to.equal(Code.INVALID_ARGUMENT);
    expect(readdirSync(bench.here)).to.deep.equal(['noise.bin']);
  });
});
