import { Code, isRpcError, pull } from 'rx-grpc';
import { type Observable, type Subscription, take } from 'rxjs';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Note, Service } from './service.ts';

const shapes = ['unary', 'serverStream', 'clientStream', 'bidi'] as const;
const fates = ['ok', 'ok', 'ok', 'error', 'take', 'cancel', 'deadline', 'signal'] as const;

type Fate = (typeof fates)[number];

/** Makes one call after the other, of any shape and with any fate, and checks what came. */
export async function work(service: Service, ledger: Ledger, next: Random, until: number): Promise<void> {
  while (Date.now() < until) {
    const shape = shapes[next(shapes.length)]!;
    const fate = fates[next(fates.length)]!;
    const count = shape === 'unary' ? 1 : next(10) === 0 ? 500 + next(2000) : 1 + next(40);
    const payload = new Uint8Array(next(20) === 0 ? 40_000 : next(200));
    await one({ service, ledger, next, shape, fate, count, payload });
  }
}

interface Plan {
  readonly service: Service;
  readonly ledger: Ledger;
  readonly next: Random;
  readonly shape: (typeof shapes)[number];
  readonly fate: Fate;
  readonly count: number;
  readonly payload: Uint8Array;
}

async function one({ service, ledger, next, shape, fate, count, payload }: Plan): Promise<void> {
  const fails = fate === 'error';
  const controller = new AbortController();
  const hasStream = shape === 'clientStream' || shape === 'bidi';
  const single = { n: 0, count, fails, payload };
  const request: unknown = hasStream
    ? pull(function* () {
        for (let n = 0; n < count; n++) yield { n, payload };
        if (fails) yield { n: count, fails };
      })
    : single;
  const options = {
    ...(fate === 'deadline' && { timeoutMs: next(30) }),
    ...(fate === 'signal' && { signal: controller.signal }),
  };
  const response$: Observable<Note> = service.client[shape](request, options);
  const startedAt = Date.now();
  let received = 0;

  ledger.count('client: calls');
  ledger.count(`client: ${shape}, ${fate}`);
  const ending = await new Promise<unknown>(resolve => {
    let subscription: Subscription | undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = (how: unknown) => {
      clearTimeout(timer);
      resolve(how);
    };
    if (fate === 'cancel' || fate === 'signal') {
      timer = setTimeout(() => {
        if (fate === 'signal') return controller.abort();
        subscription?.unsubscribe();
        end('unsubscribed');
      }, next(15));
    }
    const limited$ = fate === 'take' ? response$.pipe(take(1 + next(count))) : response$;
    subscription = limited$.subscribe({
      next: ({ n }) => {
        if (shape === 'bidi' || shape === 'serverStream') {
          if (n !== received) ledger.fail(`${shape}, ${fate}: response ${n} came as number ${received}`);
        }
        received++;
      },
      error: end,
      complete: () => end('completed'),
    });
  });
  ledger.count('client: ended');
  ledger.count('client: messages received', received);
  const wasRestarted = startedAt < service.unsteadyUntil;
  const problem = whatIsWrong(shape, fate, count, received, ending, wasRestarted);
  if (problem !== undefined) ledger.fail(`${shape}, ${fate}, ${count}: ${problem}`);
}

/** What should not have been; a restart makes a call UNAVAILABLE, or CANCELLED when the status could not be sent any more. */
function whatIsWrong(
  shape: (typeof shapes)[number],
  fate: Fate,
  count: number,
  received: number,
  ending: unknown,
  wasRestarted: boolean,
): string | undefined {
  if (wasRestarted && (isRpcError(ending, Code.UNAVAILABLE) || isRpcError(ending, Code.CANCELLED))) return undefined;
  const text = isRpcError(ending) ? `${ending.code} ${ending.details}` : String(ending);
  const expected = shape === 'unary' || shape === 'clientStream' ? 1 : count;
  const isWhole = ending === 'completed' && received === expected;
  switch (fate) {
    case 'ok':
      return isWhole ? undefined : `${received} of ${expected} and ${text}`;
    case 'take':
      return ending === 'completed' ? undefined : text;
    case 'error': {
      const before = expected === 1 && shape !== 'serverStream' && shape !== 'bidi' ? 0 : count;
      const isRight = isRpcError(ending, Code.ABORTED) && received === before;
      return isRight ? undefined : `${received} of ${before} before the error, and ${text}`;
    }
    case 'cancel':
      return ending === 'unsubscribed' || isWhole ? undefined : text;
    case 'signal':
      return isRpcError(ending, Code.CANCELLED) || isWhole ? undefined : text;
    case 'deadline':
      return isRpcError(ending, Code.DEADLINE_EXCEEDED) || isWhole ? undefined : text;
  }
}
