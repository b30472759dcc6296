import Module from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect } from '../../lib/index.ts';
import { thrownBy } from '../support/record.ts';
import { generate } from './support/generated.ts';
import { fullNote, proto } from './support/notes.ts';
import { tool, works } from './support/works.ts';

const load = async (folder: string) => (await import(join(await generate(), folder, 'notes_pb.ts'))).Notes;

for (const [copy, folder] of [
  ['an ES module', 'es'],
  ['CommonJS', 'es-commonjs'],
] as const) {
  describe(`A service of protobuf-es, with its package loaded as ${copy}`, () => {
    works(() => tool({ proto, service: () => load(folder), full: () => ({ theirs: fullNote, ours: fullNote }) }));
  });
}

describe('A service of protobuf-es', () => {
  it('names the package to install when it is missing', async () => {
    const service = await load('es');
    const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
    const original = loader._load;
    loader._load = (request, ...rest) => {
      if (request !== '@bufbuild/protobuf') return original(request, ...rest);
      throw Object.assign(new Error('missing'), { code: 'MODULE_NOT_FOUND' });
    };
    try {
      const error = thrownBy(() => connect(service, 'http://127.0.0.1:1'));
      expect(error.message).to.equal(
        'notes.v1.Notes is a service of protobuf-es: for its messages install @bufbuild/protobuf, version 2; in a bundle, leave it outside of the bundle (external) and install it beside',
      );
      expect(error.cause.message).to.equal('missing');
    } finally {
      loader._load = original;
    }
  });
});
