import { pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { filter, map, type Observable } from 'rxjs';
import type { CreateUserRes, User } from '../gen/users.ts';
import type { Entry } from './entry.ts';
import type { Ledger } from './ledger.ts';

/** How an upload ended, when it did not go wrong. */
export type Ending = 'complete' | 'interrupted';

type CreateUser = (user$: Observable<User>) => Observable<CreateUserRes>;

/**
 * Sends the users of an input in one call, and enters every line and every result in the ledger. The input is read only
 * as fast as the server takes users. When the signal aborts, the call is cancelled and the input closed.
 *
 * Rejects with what the call or the input failed with, or when the server ended the call before it had answered all.
 */
export function upload(
  read: () => AsyncIterable<Entry[]>,
  createUser: CreateUser,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let isRead = false;
    const atEnd = () => {
      isRead = true;
    };
    const subscription = pull(() => withRoom(read(), ledger, atEnd))
      .pipe(
        concatMap(entries => entries),
        filter(entry => ledger.enter(entry)),
        map(entry => entry.user as User),
        createUser,
        map(result => ledger.settle(result)),
      )
      .subscribe({
        error: reject,
        complete: () => {
          if (isRead && ledger.waiting === 0) resolve('complete');
          else reject(new Error('the server ended the call before all users were answered'));
        },
      });

    const interrupt = () => {
      subscription.unsubscribe();
      resolve('interrupted');
    };
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
    subscription.add(() => signal.removeEventListener('abort', interrupt));
  });
}

async function* withRoom(batches: AsyncIterable<Entry[]>, ledger: Ledger, atEnd: () => void): AsyncGenerator<Entry[]> {
  for await (const entries of batches) {
    yield entries;
    await ledger.room();
  }
  atEnd();
}
