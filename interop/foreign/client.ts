// Calls users.Users with rx-grpc as each plan says that comes by the standard input, and tells what it saw.
import { createInterface } from 'node:readline';
import { type ClientOf, Code, connect, isRpcError, pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { concat, NEVER, type Observable, of, tap, timer } from 'rxjs';
import { type UserInit, Users } from '../../examples/gen/users.ts';
import { type CallRecord, newRecord, PLAN, type Plan, print, rest, SOURCE_FAILED } from './plan.ts';

const clients = new Map<number, ClientOf<typeof Users>>();
const sourceFailure = new Error('the source has failed');

function clientOf(port: number): ClientOf<typeof Users> {
  let client = clients.get(port);
  if (client === undefined) {
    client = connect(Users, `http://127.0.0.1:${port}`);
    clients.set(port, client);
  }
  return client;
}

function call(plan: Plan): void {
  const record = newRecord(plan.call);
  const end = (code: number, details = ''): void => {
    cancelling?.unsubscribe();
    print({ ...record, code, details });
  };
  const options = {
    metadata: { [PLAN]: JSON.stringify(plan) },
    ...(plan.timeoutMs > 0 && { timeoutMs: plan.timeoutMs }),
  };
  const result$ = clientOf(plan.port).createUser(users(plan, record), options);
  const reading = result$
    .pipe(
      tap(({ userId }) => {
        record.inOrder &&= userId === String(record.received);
        record.received++;
      }),
      concatMap(() => rest(record.received, plan.readerRestsEvery, plan.readerRestMs)),
    )
    .subscribe({
      complete: () => end(Code.OK),
      error: (error: unknown) => {
        if (error === sourceFailure) end(SOURCE_FAILED);
        else if (isRpcError(error)) end(error.code, error.details);
        else throw error;
      },
    });
  const cancelling =
    plan.cancelAfterMs === 0
      ? undefined
      : timer(plan.cancelAfterMs).subscribe(() => {
          reading.unsubscribe();
          end(Code.CANCELLED);
        });
}

/** The requests, counted where the call takes them. */
function users(plan: Plan, record: CallRecord): Observable<UserInit> {
  const isDownload = plan.shape === 'download';
  const source$ = isDownload ? of({ age: 0 }) : pull(numbered(plan));
  return concat(source$, plan.staysOpen && !isDownload ? NEVER : of()).pipe(
    tap({
      next: () => {
        record.sent++;
      },
      complete: () => {
        record.completed = true;
      },
    }),
  );
}

async function* numbered(plan: Plan): AsyncGenerator<UserInit> {
  const name = '\0'.repeat(plan.bytes);
  for (let age = 0; age < plan.messages; age++) {
    await rest(age, plan.producerRestsEvery, plan.producerRestMs);
    yield { id: String(plan.call), name, age };
    if (age + 1 === plan.sourceFailsAfter) throw sourceFailure;
  }
}

createInterface({ input: process.stdin })
  .on('line', line => call(JSON.parse(line)))
  .on('close', () => process.exit());
