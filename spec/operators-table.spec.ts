import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as rx from 'rxjs';

const page = readFileSync(join(import.meta.dirname, '../docs/operators.md'), 'utf8');

/** Exports that are neither operators nor sources. */
const others = new Set(['config', 'firstValueFrom', 'identity', 'isObservable', 'lastValueFrom', 'noop', 'pipe']);
/** Other names of operators on the page: deprecated ones, and sources without values. */
const aliases = new Set([
  'combineAll',
  'empty',
  'exhaust',
  'never',
  'onErrorResumeNextWith',
  'pairs',
  'refCount',
  'throwError',
]);

describe('docs/operators.md', () => {
  it('names every operator and creation function of the installed rxjs', () => {
    const functions = Object.entries(rx).filter(([name, value]) => /^[a-z]/.test(name) && typeof value === 'function');
    const missing = functions.map(([name]) => name).filter(name => !others.has(name) && !aliases.has(name));
    expect(missing.filter(name => !page.includes(`\`${name}`))).to.deep.equal([]);
  });
});
