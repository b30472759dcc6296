import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { close, connect } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The output of a process that runs this code on Bun; `warnings` are the codes and texts of the warnings so far. */
async function onBun(code: string): Promise<any> {
  const program = `
    import { Lab } from './spec/support/lab.ts';
    import { close, connect, implement, loopback, serve } from './lib/index.ts';
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push({ code, message }));
    Object.defineProperty(process.versions, 'bun', { value: '1.4.5' });
    const target = 'http://127.0.0.1:1';
    const service = implement.partial(Lab, {});
    const turn = () => new Promise(setImmediate);
    ${code}
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout);
}

describe('The warning about Bun', () => {
  it('is emitted by connect(), once per process', async () => {
    const warnings = await onBun(`
      for (let i = 0; i < 3; i++) close(connect(Lab, target));
      await turn();
      console.log(JSON.stringify(warnings));
    `);
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0].code).to.equal('RX_GRPC_BUN');
    expect(warnings[0].message).to.match(/^Bun 1\.4\.5 does not pace an HTTP\/2 stream .* docs\/peers\.md$/);
  });

  it('is emitted by serve(), not by an earlier loopback(), and not again by connect()', async () => {
    const counts = await onBun(`
      const counts = [];
      const count = async () => { await turn(); counts.push(warnings.length); };
      close(loopback(service));
      await count();
      const server = await serve('http://127.0.0.1:0', service);
      await count();
      close(connect(Lab, target));
      await count();
      await server.shutdown();
      console.log(JSON.stringify(counts));
    `);
    expect(counts).to.deep.equal([0, 1, 1]);
  });

  it('is not emitted on Node', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    close(connect(Lab, 'http://127.0.0.1:1'));
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings.map(({ message }) => message)).to.deep.equal([]);
  });
});
