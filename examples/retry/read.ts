import { type Handler, pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import type { Entry, Journal } from '../gen/journal.ts';
import { pace } from '../support/pace.ts';

/** `Journal.Read`, of a journal with so many entries. What makes a stream resumable is that the request says from where. */
export function read(entries: number, paceMs: number): Handler<typeof Journal.Read> {
  return request$ =>
    request$.pipe(
      concatMap(({ after }) => pull(entriesAfter(after, entries))),
      pace(paceMs),
    );
}

function* entriesAfter(after: number, entries: number): Generator<Entry> {
  for (let number = after + 1; number <= entries; number++) yield { number, text: `what happened on day ${number}` };
}
