// Serves users.Users with rx-grpc as the plan of each call says, and tells what it saw. The first line is the port.
import { Code, implement, pull, RpcError, serve } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import {
  concat,
  defer,
  EMPTY,
  finalize,
  ignoreElements,
  interval,
  map,
  NEVER,
  type Observable,
  of,
  take,
  tap,
  throwError,
} from 'rxjs';
import { type CreateUserResInit, type User, Users } from '../../examples/gen/users.ts';
import { answerCommands } from './commands.ts';
import { type CallRecord, newRecord, PLAN, type Plan, print } from './plan.ts';

const records = new Map<number, CallRecord>();

const service = implement(Users, {
  createUser: (user$, call) => {
    const plan: Plan = JSON.parse(String(call.metadata.get(PLAN)[0]));
    const record = newRecord(plan.call);
    records.set(plan.call, record);
    print({ ...record, hasDeadline: call.deadline !== undefined, peer: call.peer });
    const end = ({ code }: { code: Code }): void => {
      record.code = code;
    };
    call.cancelled$.subscribe(end);
    if (plan.headerBytes > 0) call.sendHeaders(pad(plan.headerBytes));
    else if (plan.act === 'headers') call.sendHeaders({});
    if (plan.trailerBytes > 0) call.trailers.set('pad', 'x'.repeat(plan.trailerBytes));
    const counted$ = user$.pipe(
      tap({
        next: () => {
          record.received++;
        },
        complete: () => {
          record.completed = true;
        },
      }),
    );
    return answer(counted$, plan, record).pipe(
      tap({
        next: () => {
          record.sent++;
        },
        error: end,
      }),
      finalize(() => {
        record.event = 'ended';
        print(record);
      }),
    );
  },
});

function answer(user$: Observable<User>, plan: Plan, record: CallRecord): Observable<CreateUserResInit> {
  const errors = ['\0'.repeat(plan.bytes)];
  const result = (): CreateUserResInit => ({ userId: String(record.sent), errors });
  const aborted = () => new RpcError(Code.ABORTED, 'as planned');
  switch (plan.act) {
    case 'echo':
      return user$.pipe(map(result));
    case 'upload':
      return concat(
        user$.pipe(ignoreElements()),
        defer(() => of(result())),
      );
    case 'download':
      return user$.pipe(
        take(1),
        concatMap(() =>
          pull(function* () {
            for (let i = 0; i < plan.messages; i++) yield result();
          }),
        ),
      );
    case 'drip':
      return user$.pipe(
        take(1),
        concatMap(() => interval(333).pipe(take(plan.messages), map(result))),
      );
    case 'silent':
      return user$.pipe(
        concatMap(() => (record.sent === 0 ? of(result()) : EMPTY)),
        alsoNever,
      );
    case 'headers':
    case 'mute':
      return user$.pipe(ignoreElements(), alsoNever);
    case 'stall':
      return user$.pipe(concatMap(() => NEVER));
    case 'first':
    case 'large':
      return user$.pipe(take(1), map(result));
    case 'refuse':
      return throwError(() => new RpcError(Code.PERMISSION_DENIED, 'as planned'));
    case 'fail':
      return user$.pipe(concatMap(() => (record.sent === 0 ? of(result()) : throwError(aborted))));
  }
}

/** The response goes on when the requests have ended. */
function alsoNever<T>(source$: Observable<T>): Observable<T> {
  return concat(source$, NEVER);
}

const pad = (bytes: number): Record<string, string> => ({ pad: 'x'.repeat(bytes) });

const port = Number(process.argv[2] ?? 0);
const server = await serve(`http://127.0.0.1:${port}`, service, { onError: () => {} });
print(server.port);
answerCommands(records);
