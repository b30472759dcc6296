import { deepStrictEqual } from 'node:assert';
import type { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { statusToSend } from '../../lib/core/error-status.ts';
import { Code, type RichDetailInput, RpcError } from '../../lib/index.ts';
import { decodeStatus, encodeStatus } from '../support/google-rpc.ts';

const key = 'grpc-status-details-bin';

const errorWith = (...richDetails: RichDetailInput[]): RpcError => new RpcError(Code.ABORTED, 'x', { richDetails });
const bytesOf = (error: { metadata: Metadata }): Buffer => error.metadata.get(key)[0] as Buffer;

describe('Rich details that are too large for a header', () => {
  const MAX_BASE64 = 6 * 1024;
  const blob = (bytes: number): RichDetailInput => ({
    case: 'unknown',
    value: { typeUrl: 'a/b', value: new Uint8Array(bytes) },
  });

  it('are sent up to 6 KiB of base64, and cut at one byte more', () => {
    const frame = bytesOf(errorWith(blob(4000))).length - 4000;
    const largest = errorWith(blob((MAX_BASE64 * 3) / 4 - frame));
    expect(bytesOf(largest).toString('base64')).to.have.length(MAX_BASE64);
    expect(largest.details).to.equal('x');
    expect(largest.richDetails).to.have.length(1);
    const larger = errorWith(blob((MAX_BASE64 * 3) / 4 - frame + 1));
    expect(larger.richDetails).to.deep.equal([]);
    expect(larger.details).to.equal('x (1 of 1 rich details left out: too large)');
  });

  it('are cut at the end, whole details only, and text and status say so', () => {
    const details = [100, 1400, 1400, 1400, 1400].map(blob);
    const error = errorWith(...details);
    expect(error.details).to.equal('x (1 of 5 rich details left out: too large)');
    expect(error.message).to.equal('ABORTED: x (1 of 5 rich details left out: too large)');
    expect(decodeStatus(bytesOf(error)).message).to.equal(error.details);
    deepStrictEqual(error.richDetails, details.slice(0, 4));
    expect(bytesOf(error).toString('base64').length).to.be.at.most(MAX_BASE64);
  });

  it('are cut after the first that does not fit, even if later ones would', () => {
    const error = errorWith(blob(10), blob(10_000), blob(10));
    expect(error.details).to.equal('x (2 of 3 rich details left out: too large)');
    deepStrictEqual(error.richDetails, [blob(10)]);
  });

  it('stay within the limit together with the note about the cut', () => {
    for (let bytes = 4400; bytes < 4700; bytes++) {
      const error = errorWith(blob(bytes), blob(1));
      expect(bytesOf(error).toString('base64').length).to.be.at.most(MAX_BASE64);
      const left = 2 - error.richDetails.length;
      expect(error.details).to.equal(left === 0 ? 'x' : `x (${left} of 2 rich details left out: too large)`);
    }
  });

  it('leave a note even without a text', () => {
    const error = new RpcError(Code.ABORTED, '', { richDetails: [blob(10_000)] });
    expect(error.details).to.equal('(1 of 1 rich details left out: too large)');
  });

  it('are not displaced by a long text, which gets a note about the cut at its end', () => {
    for (const letter of ['x', '€', ' ']) {
      const error = new RpcError(Code.ABORTED, letter.repeat(20_000), { richDetails: [blob(3000), blob(3000)] });
      const sent = statusToSend(error)!.details;
      expect(error.richDetails).to.have.length(1);
      expect(sent).to.match(/… \(1 of 2 rich details left out: too large\)$/);
      expect(encodeURI(sent).length).to.be.within(7000, 8192);
      expect(decodeStatus(bytesOf(error)).message).to.match(/… \(1 of 2 rich details left out: too large\)$/);
    }
    const fits = new RpcError(Code.ABORTED, 'x'.repeat(20_000), { richDetails: [blob(3000)] });
    expect(fits.details).to.have.length(20_000);
    expect(fits.richDetails).to.have.length(1);
  });

  it('from another server are passed on completely by RpcError.from', () => {
    const bytes = encodeStatus(Code.ABORTED, 'x', [['google.rpc.DebugInfo', { detail: 'd'.repeat(9000) }]]);
    const received = new RpcError(Code.ABORTED, 'x', { metadata: { [key]: bytes } });
    expect(bytesOf(RpcError.from(received))).to.deep.equal(bytes);
  });
});
