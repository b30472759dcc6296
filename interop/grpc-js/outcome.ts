import type { Metadata, ServiceError, StatusObject } from '@grpc/grpc-js';
import type { ClientOptions } from '../options.ts';

/** What a test case calls: clients of proto-loader, which have no types. */
export interface Context {
  readonly test: any;
  readonly unimplemented: any;
  readonly open: () => any;
  readonly options: ClientOptions;
}

/** Rejects when what came is not what the description asks for. */
export type Case = (context: Context) => Promise<void>;

/** All that a call told. */
export interface Outcome {
  readonly responses: any[];
  readonly headers: Metadata | undefined;
  readonly status: StatusObject;
}

/** Starts a call and waits for its end; a unary response is taken by the callback that `start` is given. */
export function outcomeOf(
  start: (callback: (error: ServiceError | null, response?: unknown) => void) => any,
): Promise<Outcome> {
  return new Promise(resolve => {
    const responses: unknown[] = [];
    let headers: Metadata | undefined;
    let status: StatusObject | undefined;
    const call = start((_error, response) => {
      if (response !== undefined && response !== null) responses.push(response);
    });
    let hasEnded = !('read' in call);
    // A unary callback may come behind the status, the last messages of a stream that ended well, too.
    const finish = (): void => {
      setImmediate(() => {
        if (status !== undefined && hasEnded) resolve({ responses, headers, status });
      });
    };
    call.on('metadata', (received: Metadata) => {
      headers = received;
    });
    if (!hasEnded) call.on('data', (response: unknown) => responses.push(response));
    call.on('end', () => {
      hasEnded = true;
      finish();
    });
    call.on('error', () => {});
    call.on('status', (received: StatusObject) => {
      status = received;
      hasEnded ||= received.code !== 0;
      finish();
    });
  });
}

/** A call that has sent this and nothing more. */
export function ended(call: any, request?: object): any {
  if (request !== undefined) call.write(request);
  call.end();
  return call;
}
