import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Code, pull } from 'rx-grpc';
import { lastValueFrom, Subject } from 'rxjs';
import { Inbox } from '../../../examples/file-transfer/inbox.ts';
import { sendFile } from '../../../examples/file-transfer/send-file.ts';
import { download, upload } from '../../../examples/file-transfer/transfer.ts';
import type { PartInit } from '../../../examples/gen/files.ts';
import { asIs, codeOf, useBench } from './bench.ts';

describe('file-transfer, what is refused', () => {
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

  it('takes the longest name there may be', async () => {
    const name = 'ä'.repeat(120);
    await lastValueFrom(upload(bench.client, bench.noise(1), name, asIs));
    expect(readdirSync(bench.there)).to.deep.equal([name]);
  });

  it('follows no link out of the folder', async () => {
    writeFileSync(join(bench.folder, 'secret'), 'of somebody');
    symlinkSync(join(bench.folder, 'secret'), join(bench.there, 'link'));
    symlinkSync(join(bench.folder, 'secret'), join(bench.there, 'noise.bin.partial'));
    expect(await codeOf(bench.client.download({ name: 'link', from: 0 }))).to.equal(Code.NOT_FOUND);
    expect(await codeOf(sendFile(bench.noise(1), 'noise.bin', 0).pipe(bench.client.upload))).to.equal(Code.UNKNOWN);
    expect(String(bench.failures), 'told to the server').to.contain('ELOOP');
    expect(readFileSync(join(bench.folder, 'secret'), 'utf8')).to.equal('of somebody');
  });

  it('refuses parts in another order, and an upload beside another one of the same name', async () => {
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

  it('takes no other file than the one it asked for', async () => {
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
