import { Code } from '../core/status.ts';

const OPTION = "'grpc.max_receive_message_length'";

/** Where the limit for what is received stands. */
export const ofClient: string = `channelOptions ${OPTION} of connect()`;
export const ofServer: string = `serverOptions ${OPTION} of serve()`;

interface TextStatus {
  readonly code: number;
  readonly details: string;
}

/** grpc-js's status for a message that is larger than the limit also names the option that raises it; any other is left as it is. */
export function withOption<S extends TextStatus>(status: S, option: string): S {
  if (!isTooLarge(status)) return status;
  return { ...status, details: `${status.details}; larger ones are taken with ${option}` };
}

function isTooLarge({ code, details }: TextStatus): boolean {
  return code === (Code.RESOURCE_EXHAUSTED as number) && /^Received message (larger|that decompresses)/.test(details);
}
