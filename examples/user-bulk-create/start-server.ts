import { implement, serve } from 'rx-grpc';
import { Users } from '../gen/users.ts';
import { createUsers } from './create-users.ts';
import { InputError } from './entry.ts';
import { UserStore } from './store.ts';
import type { Rules } from './validate.ts';

export interface UserServer {
  /** Where it listens. */
  readonly target: string;
  readonly store: UserStore;
  /** Users that were answered since the start. */
  answered(): number;
  /** Lets running calls end for a while, ends what is left, and closes the database. */
  stop(): Promise<unknown>;
}

const GRACE_MS = 2000;

/** @throws InputError when the address is none; Error when the database cannot be opened, or the address is taken. */
export async function startServer(address: string, databaseFile: string, rules: Rules): Promise<UserServer> {
  const store = new UserStore(databaseFile);
  let answered = 0;
  const create: UserStore['create'] = batch => {
    const results = store.create(batch);
    answered += results.length;
    return results;
  };
  const service = implement(Users, { createUser: createUsers({ create }, rules) });
  try {
    const server = await serve(address, service);
    return {
      target: server.target,
      store,
      answered: () => answered,
      async stop() {
        await server.shutdown({ graceMs: GRACE_MS });
        store.close();
      },
    };
  } catch (error) {
    store.close();
    // Of what serve() is given, only the address is the person's choice.
    throw error instanceof TypeError ? new InputError(error.message, { cause: error }) : error;
  }
}
