import { expect } from 'chai';
import { concatMap, ignoreElements, map, Observable, of, take, tap, throwError } from 'rxjs';
import type { CreateUserRes, User } from '../../../examples/gen/users.ts';
import { createUsers } from '../../../examples/user-bulk-create/create-users.ts';
import { type Entry, faulty } from '../../../examples/user-bulk-create/entry.ts';
import { Ledger } from '../../../examples/user-bulk-create/ledger.ts';
import type { Candidate } from '../../../examples/user-bulk-create/store.ts';
import { upload } from '../../../examples/user-bulk-create/upload.ts';
import { defaultRules } from '../../../examples/user-bulk-create/validate.ts';

const entry = (line: number): Entry => ({
  ...{ line, text: `line ${line}`, fault: undefined, bytes: line },
  user: { id: `u${line}`, name: 'Johanna', lastName: 'Berg', age: 33, email: undefined },
});
const created = ({ id }: User): CreateUserRes => ({ userId: id, success: true, errors: [], existed: false });
const never = new AbortController().signal;
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

/** An input of this many users that records when it was closed. */
function input(users: number) {
  let close: () => void;
  const closed = new Promise<void>(resolve => {
    close = resolve;
  });
  const state = { read: 0, closed };
  async function* read(): AsyncGenerator<Entry[]> {
    try {
      for (let line = 1; line <= users; line++) {
        state.read++;
        yield [entry(line)];
      }
    } finally {
      close();
    }
  }
  return { read, state };
}

// An RPC is a function from Observable to Observable: nothing here needs a network.
describe('upload', () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = new Ledger(() => {});
  });

  it('settles every user, and completes', async () => {
    const ending = await upload(input(10).read, user$ => user$.pipe(map(created)), ledger, never);
    expect(ending).to.equal('complete');
    expect(ledger.tally).to.include({ sent: 10, created: 10, line: 10 });
  });

  it('runs through the handler of the server without changes', async () => {
    const stored: Candidate[] = [];
    const store = {
      create: (batch: readonly Candidate[]) => {
        stored.push(...batch);
        return batch.map(({ user }) => created(user));
      },
    };
    await upload(input(1234).read, createUsers(store, defaultRules), ledger, never);
    expect(stored).to.have.length(1234);
    expect(ledger.tally.created).to.equal(1234);
  });

  it('sends nothing for malformed lines', async () => {
    const sent: string[] = [];
    async function* read() {
      yield [faulty(1, 'x', 'no'), entry(2), faulty(3, 'y', 'no')];
    }
    await upload(
      read,
      user$ =>
        user$.pipe(
          tap(({ id }) => sent.push(id)),
          map(created),
        ),
      ledger,
      never,
    );
    expect(sent).to.deep.equal(['u2']);
    expect(ledger.tally).to.include({ created: 1, rejected: 2, line: 3 });
  });

  it('fails with the error of the call, after the acknowledged results, and closes the input', async () => {
    const { read, state } = input(100);
    const broken = (user$: Observable<User>) =>
      user$.pipe(concatMap((user, i) => (i < 5 ? of(created(user)) : throwError(() => new Error('lost')))));
    expect(await rejection(upload(read, broken, ledger, never))).to.have.property('message', 'lost');
    expect(ledger.tally.line).to.equal(5);
    await state.closed;
  });

  it('fails with the error of the input', async () => {
    async function* read(): AsyncGenerator<Entry[]> {
      yield [entry(1)];
      throw new Error('unreadable');
    }
    const error = await rejection(upload(read, user$ => user$.pipe(map(created)), ledger, never));
    expect(error).to.have.property('message', 'unreadable');
  });

  it('fails when the server ends the call early, whether users wait for an answer or are not read yet', async () => {
    const message = 'the server ended the call before all users were answered';
    const answersTwo = (user$: Observable<User>) => user$.pipe(take(2), map(created));
    expect(await rejection(upload(input(3).read, answersTwo, ledger, never))).to.have.property('message', message);
    expect(ledger.tally).to.include({ line: 2, created: 2 });

    ledger = new Ledger(() => {});
    const answersNone = (user$: Observable<User>) => user$.pipe(ignoreElements());
    expect(await rejection(upload(input(3).read, answersNone, ledger, never))).to.have.property('message', message);
  });

  it('fails when the server answers for a user other than the next', async () => {
    const wrong = (user$: Observable<User>) => user$.pipe(map(user => ({ ...created(user), userId: 'x' })));
    const error = await rejection(upload(input(3).read, wrong, ledger, never));
    expect(error?.message).to.contain('answered for user "x" when "u1" was next');
  });

  it('is interrupted by its signal: the call is unsubscribed and the input closed', async () => {
    const { read, state } = input(100);
    const stop = new AbortController();
    let isCancelled = false;
    const answersNever = (user$: Observable<User>) =>
      new Observable<never>(() => {
        const subscription = user$.pipe(take(10)).subscribe();
        return () => {
          isCancelled = true;
          subscription.unsubscribe();
        };
      });
    const ending = upload(read, answersNever, ledger, stop.signal);
    stop.abort();
    expect(await ending).to.equal('interrupted');
    expect(isCancelled).to.equal(true);
    expect(state.read).to.be.at.most(1);
  });

  it('does not start when its signal is already aborted', async () => {
    expect(await upload(input(3).read, user$ => user$.pipe(map(created)), ledger, AbortSignal.abort())).to.equal(
      'interrupted',
    );
    expect(ledger.tally.created).to.equal(0);
  });
});
