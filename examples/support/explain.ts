import { Code, codeName, isRpcError } from 'rx-grpc';
import type { Connection } from './connection.ts';

/** Why a call failed, where, and what to do, for the person at the terminal. */
export function explain(error: unknown, target: string, connection: Connection): string {
  if (!isRpcError(error)) return error instanceof Error ? error.message : String(error);
  const what = `${codeName(error.code)}: ${cause(error.details)}`;
  switch (error.code) {
    case Code.UNAVAILABLE:
      if (connection === 'never') return `no server at ${target}, ${what}; start one, or give the address of another`;
      if (connection === 'lost') return `the connection to ${target} was lost, ${what}; start the server again`;
      return `the server at ${target} cannot do its work, ${what}; look after what it depends on`;
    case Code.UNIMPLEMENTED:
      return `the server at ${target} is one of something else, ${what}; give the address of the right one`;
    case Code.CANCELLED: // not by this side: who cancels hears of no error
      return `the server at ${target} broke the call off, ${what}; call again`;
    default:
      return `the call to ${target} failed, ${what}`;
  }
}

/** Of what grpc-js says when it cannot connect or the time is up, the part that a person asks for. */
function cause(details: string): string {
  return (
    /^No connection established\. Last error: (?:Error: )?(.*?)(?: \(\S+Z\))?\. Resolution note:/.exec(details)?.[1] ??
    /^Deadline exceeded after [\d.]+s/.exec(details)?.[0] ??
    details
  );
}
