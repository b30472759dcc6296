import { load } from '../../lib/index.ts';
import { protos } from './oracle.ts';

/** The two ways to the codecs of a file in protos/: they have the same specs. */
export const codecs: readonly { readonly by: string; readonly codecsOf: (file: string) => Promise<any> }[] = [
  { by: 'by load()', codecsOf: file => load(`${protos}${file}.proto`) },
  { by: 'by generated code', codecsOf: file => import(`../cli/golden/codec/${file}.ts`) },
];
