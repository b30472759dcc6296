// Calls the server for calls at their edges with rx-grpc, and tells of each call what it saw, a line of JSON each.
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, type ClientOf, Code, close, connect, isRpcError, load, pull } from 'rx-grpc';
import { type Observable, of, tap } from 'rxjs';
import { type Services, testProto, zeros } from '../messages.ts';
import { clientArguments } from './client-arguments.ts';
import {
  END,
  ends,
  longDeadlinesMs,
  MAX_MESSAGES,
  MESSAGE_BYTES,
  OFFSET,
  offsetMsOf,
  REST_MS,
  repeat,
  type Shape,
  serverDeadline,
  tell,
} from './experiment.ts';

const { port, experiment, calls } = clientArguments();
const { TestService }: Services = await load(testProto);
type Test = ClientOf<Services['TestService']>;
const open = (): Test => connect(TestService, `http://127.0.0.1:${port}`);

const starts: Readonly<Record<Shape, (test: Test, options: CallOptions) => Observable<unknown>>> = {
  unary: (test, options) => test.unaryCall({}, options),
  serverStream: (test, options) => test.streamingOutputCall({}, options),
  clientStream: (test, options) => test.streamingInputCall(of({}), options),
  bidi: (test, options) => test.fullDuplexCall(of({}), options),
};

/** Runs a call to its end. */
function codeOf(response$: Observable<unknown>): Promise<Code> {
  return new Promise((resolve, reject) => {
    response$.subscribe({
      complete: () => resolve(Code.OK),
      error: error => (isRpcError(error) ? resolve(error.code) : reject(error)),
    });
  });
}

async function lateResponse(): Promise<void> {
  for (const [shape, start] of Object.entries(starts) as [Shape, (typeof starts)[Shape]][]) {
    const test = open(); // a connection for each: Node's HTTP/2 ends one on which a client has reset more than 1,000 calls
    await repeat(calls, async i => {
      const offsetMs = offsetMsOf(i);
      let received = 0;
      const { metadata, ...options } = serverDeadline(i);
      const response$ = start(test, { metadata: { [OFFSET]: String(offsetMs), ...metadata }, ...options });
      const code = await codeOf(response$.pipe(tap(() => received++)));
      tell({ shape, offsetMs, code, received });
    });
    close(test);
  }
}

async function longDeadline(): Promise<void> {
  const test = open();
  for (const askedMs of longDeadlinesMs) {
    let text = '';
    const response$ = test.unaryCall({}, { deadline: new Date(Date.now() + askedMs) });
    const code = await codeOf(
      response$.pipe(
        tap(({ payload }) => {
          text = Buffer.from(payload!.body).toString();
        }),
      ),
    );
    tell({ askedMs, code, seenMs: text === '' ? null : Number(text) });
  }
  close(test);
}

async function earlyEnd(): Promise<void> {
  const test = open();
  for (const shape of ['clientStream', 'bidi'] as const) {
    for (const end of ends) {
      if (shape === 'clientStream' && end === 'unimplemented') continue; // the one stream that is left out is an exchange
      await repeat(calls, async () => {
        let sent = 0;
        const request$ = pull(async function* () {
          while (sent < MAX_MESSAGES) {
            sent++;
            yield { payload: zeros(MESSAGE_BYTES) };
            await sleep(REST_MS);
          }
        });
        const rpc =
          shape === 'clientStream'
            ? test.streamingInputCall
            : end === 'unimplemented'
              ? test.halfDuplexCall
              : test.fullDuplexCall;
        const code = await codeOf(rpc(request$, { metadata: { [END]: end } }));
        tell({ shape, end, code, sent });
      });
    }
  }
  close(test);
}

await { 'late-response': lateResponse, 'long-deadline': longDeadline, 'early-end': earlyEnd }[experiment]();
