import { Code, RpcError } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { map, type Observable } from 'rxjs';
import type { CreateUserRes, User } from '../gen/users.ts';
import { batchUntilIdle } from './batch-until-idle.ts';
import type { Candidate, UserStore } from './store.ts';
import { type Rules, validate } from './validate.ts';

/** Users in one transaction, at most. */
export const MAX_BATCH = 500;

/**
 * `Users.CreateUser`. A result is sent when its user is in the database: everything acknowledged is there. When a call
 * breaks there is more, for each call at most: one batch, and the users whose results were under way to the client, which
 * HTTP/2's window holds to 64 KiB (about 1,500 results). Sending them again is answered with `existed`.
 */
export function createUsers(store: Pick<UserStore, 'create'>, rules: Rules) {
  return (user$: Observable<User>): Observable<CreateUserRes> =>
    user$.pipe(
      map(user => ({ user, errors: validate(user, rules) })),
      batchUntilIdle(MAX_BATCH),
      concatMap(batch => write(store, batch)),
    );
}

function write(store: Pick<UserStore, 'create'>, batch: readonly Candidate[]): CreateUserRes[] {
  try {
    return store.create(batch);
  } catch (cause) {
    console.error(`a batch of ${batch.length} users could not be written: ${(cause as Error).message}`);
    throw new RpcError(Code.INTERNAL, 'the users could not be written', { cause });
  }
}
