import { Code } from '../core/status.ts';

const OPTION = "'grpc.max_receive_message_length'";

/** The option that limits the size of received messages, for error texts. */
export const ofClient: string = `channelOptions ${OPTION} of connect()`;
export const ofServer: string = `serverOptions ${OPTION} of serve()`;

interface TextStatus {
  readonly code: number;
  readonly details: string;
}

/** Adds the name of the option to grpc-js's status for a message over the limit. Returns any other status unchanged. */
export function withOption<S extends TextStatus>(status: S, option: string): S {
  if (!isTooLarge(status)) return status;
  return { ...status, details: `${status.details}; to accept larger ones, raise ${option}` };
}

function isTooLarge({ code, details }: TextStatus): boolean {
  return code === (Code.RESOURCE_EXHAUSTED as number) && /^Received message (larger|that decompresses)/.test(details);
}
