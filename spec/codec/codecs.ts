import { load } from '../../lib/index.ts';
import { protos } from './oracle.ts';

/** Both sources of codecs for a file in protos/; they share one set of specs. */
export const codecs: readonly { readonly by: string; readonly codecsOf: (file: string) => Promise<any> }[] = [
  { by: 'by load()', codecsOf: file => load(`${protos}${file}.proto`) },
  { by: 'by generated code', codecsOf: file => import(`../cli/golden/codec/${file}.ts`) },
];
