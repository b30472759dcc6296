import { Code, codeName, isRpcError } from 'rx-grpc';

/** Why an upload failed, for the person at the terminal. */
export function explain(error: unknown, target: string, hadAnswers: boolean): string {
  if (!isRpcError(error)) return error instanceof Error ? error.message : String(error);
  const what = `${codeName(error.code)}: ${error.details}`;
  if (error.code !== Code.UNAVAILABLE) return `the call failed, ${what}`;
  return hadAnswers ? `the connection to ${target} was lost, ${what}` : `no server of users at ${target}, ${what}`;
}
