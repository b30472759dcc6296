import { pull } from 'rx-grpc';
import { map, of } from 'rxjs';
import type { Plan } from '../plan.ts';
import { type Scenario, scenario } from '../scenario.ts';
import type { Options, Stand } from '../stand.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = [3, 5, 7, 9, 15, 17, 31, 39];

/** How large headers, trailers and messages may be. */
export const sizes: readonly Scenario[] = [
  scenario('trailers of an error after a response', stand =>
    upTo(stand, 'ABORTED', bytes => ({ act: 'fail', trailerBytes: bytes }), 2),
  ),
  scenario('trailers of an error, nothing before', stand =>
    upTo(stand, 'PERMISSION_DENIED', bytes => ({ act: 'refuse', trailerBytes: bytes })),
  ),
  scenario('response headers', stand => upTo(stand, 'OK', bytes => ({ act: 'upload', headerBytes: bytes }))),
  scenario('request headers', stand =>
    upTo(
      stand,
      'OK',
      () => ({ act: 'upload' }),
      1,
      bytes => ({ metadata: { pad: 'x'.repeat(bytes) } }),
    ),
  ),
  scenario('a response of 32 MiB', async stand => {
    const client = stand.connect([], { 'grpc.max_receive_message_length': -1 });
    const call = stand.call({ act: 'large', bytes: 32 * MIB }, of({}), { client });
    return `${await call.ends(15_000)}`;
  }),
  scenario('an upload of 32 MiB', async stand => {
    const name = 'x'.repeat(64 * KIB);
    const call = stand.call({ act: 'upload' }, pull(Array(512).fill({ name })).pipe(map(user => user as object)));
    return `${await call.ends(15_000)}`;
  }),
];

/** Up to which size it is well, and what comes of the next one. */
async function upTo(
  stand: Stand,
  well: string,
  planOf: (bytes: number) => Partial<Plan>,
  requests = 1,
  options: (bytes: number) => Options = () => ({}),
): Promise<string> {
  const bad: string[] = [];
  let largest = 0;
  for (const size of SIZES) {
    const call = stand.call(planOf(size * KIB), of(...Array(requests).fill({})), options(size * KIB));
    const end = await call.ends();
    if (end === well) {
      largest = size;
      continue;
    }
    await stand.backend.begun(call.number, 500);
    const times = stand.backend.timesBegun(call.number);
    bad.push(`${end}${times > 1 ? ` (runs ${times} times)` : times === 0 ? ' (not run)' : ''}`);
  }
  return bad.length === 0 ? `${largest} KiB and more` : `${largest} KiB, then ${[...new Set(bad)].join(', ')}`;
}
