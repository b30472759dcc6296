/** Regenerates the files in the repository: `npx tsx spec/cli/golden/write.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { goldens } from '../support/golden.ts';

for (const { dir, files } of goldens()) {
  for (const { path, text } of files) {
    const file = new URL(path, dir);
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, text);
  }
}
