import { type Bound, serve } from 'rx-grpc';
import { firstValueFrom } from 'rxjs';
import { aborted$ } from './aborted.ts';
import { exitCode } from './exit-code.ts';

/** How long calls that run may go on after Ctrl-C. */
const GRACE_MS = 500;

/** Serves until the signal aborts, and gives the exit code. */
export async function serveUntil(signal: AbortSignal, address: string, service: Bound): Promise<number> {
  const server = await serve(address, service);
  console.log(`listening on ${server.target}`);
  await firstValueFrom(aborted$(signal));
  const { cut } = await server.shutdown({ graceMs: GRACE_MS });
  console.log(`stopped, ${cut.length === 0 ? 'no call' : `${cut.length} of its calls`} cut short`);
  return exitCode.ok;
}
