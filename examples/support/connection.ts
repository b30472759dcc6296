import { setTimeout } from 'node:timers/promises';
import { state$ } from 'rx-grpc';

/** `never` was there one; there is one no more (`lost`); there is one (`open`). */
export type Connection = 'never' | 'lost' | 'open';

/** A client may have several connections, and those to a server that died end one after the other. */
const ALL_LOST_MS = 50;

/** Watches a client's connection, from now on. What it gives is asked when a call has failed. */
export function connectionOf(client: object): () => Promise<Connection> {
  let connection: Connection = 'never';
  state$(client).subscribe(state => {
    if (state === 'READY') connection = 'open';
    else if (connection === 'open') connection = 'lost';
  });
  return async () => {
    if (connection === 'open') await setTimeout(ALL_LOST_MS);
    return connection;
  };
}
