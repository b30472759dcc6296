import { load, type Method } from 'rx-grpc';

export interface Entry {
  readonly number: number;
  readonly text: string;
}

interface JournalService {
  readonly Read: Method<{ readonly after: number }, Entry, false, true>;
}

export const Journal: JournalService = (await load(new URL('../../protos/journal.proto', import.meta.url))).Journal;
