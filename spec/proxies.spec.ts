import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');
const configs = join(root, 'interop/proxies/config');

describe('docs/proxies.md', () => {
  const page = readFileSync(join(root, 'docs/proxies.md'), 'utf8');

  for (const name of readdirSync(configs)) {
    it(`shows ${name} as interop/proxies.ts runs it`, () => {
      expect(page).to.include(`\n${readFileSync(join(configs, name), 'utf8')}\`\`\`\n`);
    });
  }
});
