import { Code, type Handler, RpcError } from 'rx-grpc';
import { type Policy as Held, onBackpressureBuffer, onBackpressureDrop, onBackpressureLatest } from 'rx-grpc/operators';
import { finalize, type Observable, switchMap, takeUntil } from 'rxjs';
import { type Camera, type Frame, Policy } from '../gen/camera.ts';

/**
 * `Camera.Watch`: one feed for all, and for each reader the policy that they ask for. A feed cannot wait, so that nobody
 * holds it up: what a slow reader does not take is held or dropped for them alone.
 *
 * @param maxWaiting frames that may wait for a reader who wants them all.
 * @param onReaders told how many watch, when somebody comes or goes.
 */
export function watch(
  frame$: Observable<Frame>,
  maxWaiting: number,
  onReaders: (watching: number) => void,
): Handler<typeof Camera.Watch> {
  let watching = 0;
  return (request$, call) =>
    request$.pipe(
      switchMap(({ policy }) => {
        const held = policyOf(policy, maxWaiting);
        const name = nameOf(policy);
        call.sendHeaders({});
        onReaders(++watching);
        return frame$.pipe(
          takeUntil(call.draining$),
          held,
          finalize(() => {
            console.log(`a reader is gone, ${name}: ${held.dropped} frames were dropped`);
            onReaders(--watching);
          }),
        );
      }),
    );
}

function policyOf(policy: Policy, maxWaiting: number): Held<Frame> {
  switch (policy) {
    case Policy.LATEST:
      return onBackpressureLatest();
    case Policy.BUFFER:
      return onBackpressureBuffer(maxWaiting);
    case Policy.DROP:
      return onBackpressureDrop();
    default:
      throw new RpcError(Code.INVALID_ARGUMENT, `there is no policy ${policy}`);
  }
}

function nameOf(policy: Policy): string | undefined {
  return Object.entries(Policy).find(([, number]) => number === policy)?.[0];
}
