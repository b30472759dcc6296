// Serves users.Users with rx-grpc as the plan of each call says, and tells what it saw. The first line is the port.
import { Code, implement, RpcError, serve } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { concat, defer, finalize, identity, type Observable, of, take, tap } from 'rxjs';
import { type CreateUserResInit, type User, Users } from '../../examples/gen/users.ts';
import { type CallRecord, newRecord, PLAN, type Plan, print, rest } from './plan.ts';

const service = implement(Users, {
  createUser: (user$, call) => {
    const plan: Plan = JSON.parse(String(call.metadata.get(PLAN)[0]));
    const record = newRecord(plan.call);
    print({ ...record, event: 'begun' });
    const end = ({ code }: { code: Code }): void => {
      record.code = code;
    };
    call.cancelled$.subscribe(end);
    const result$ = plan.shape === 'download' ? download(user$, plan, record) : upload(user$, plan, record);
    return result$.pipe(
      tap({ error: end }),
      finalize(() => print(record)),
    );
  },
});

/** Every message that comes before the half-close makes the upload; with the half-close it is complete. */
function upload(user$: Observable<User>, plan: Plan, record: CallRecord): Observable<CreateUserResInit> {
  const answer = (): CreateUserResInit => ({ userId: String(record.sent++) });
  const answer$ = user$.pipe(
    tap({
      complete: () => {
        record.completed = true;
      },
    }),
    concatMap(async function* ({ age }) {
      record.inOrder &&= age === record.received;
      record.received++;
      if (plan.shape === 'exchange') yield answer();
      if (record.received === plan.serverFailsAfter) throw new RpcError(Code.ABORTED, String(record.received));
      await rest(record.received, plan.readerRestsEvery, plan.readerRestMs);
    }),
  );
  if (plan.shape === 'exchange') return answer$.pipe(plan.serverEndsAfter > 0 ? take(plan.serverEndsAfter) : identity);
  return concat(
    answer$,
    defer(() => of(answer())),
  );
}

function download(user$: Observable<User>, plan: Plan, record: CallRecord): Observable<CreateUserResInit> {
  const errors = ['\0'.repeat(plan.bytes)];
  return user$.pipe(
    concatMap(async function* () {
      record.received++;
      while (record.sent < plan.messages) {
        await rest(record.sent, plan.producerRestsEvery, plan.producerRestMs);
        yield { userId: String(record.sent++), errors };
        if (record.sent === plan.serverFailsAfter) throw new RpcError(Code.ABORTED, String(record.sent));
      }
      if (plan.staysOpen) await new Promise(() => {});
      record.completed = true;
    }),
  );
}

const server = await serve('http://127.0.0.1:0', service);
print(server.port);
// When it ends, whoever started this program is gone.
process.stdin.resume().on('end', () => process.exit());
