// Calls the server for calls at their edges with grpc-js and nothing else, and tells of each call what it saw.
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, credentials, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { clientArguments } from '../edges/client-arguments.ts';
import {
  END,
  ends,
  type LateResponse,
  longDeadlinesMs,
  MAX_MESSAGES,
  MESSAGE_BYTES,
  OFFSET,
  offsetMsOf,
  REST_MS,
  repeat,
  serverDeadline,
  tell,
} from '../edges/experiment.ts';
import { zeros } from '../messages.ts';
import { TestService } from './definitions.ts';
import { ended, outcomeOf } from './outcome.ts';

type Callback = (error: ServiceError | null, response?: unknown) => void;
type Start = (test: any, metadata: Metadata, options: CallOptions, done: Callback) => any;

const { port, experiment, calls } = clientArguments();
const ownConnection = { 'grpc.use_local_subchannel_pool': 1 };
const open = (): any => new TestService(`127.0.0.1:${port}`, credentials.createInsecure(), ownConnection);

const starts: Readonly<Record<LateResponse['shape'], Start>> = {
  unary: (test, ...rest) => test.unaryCall({}, ...rest),
  serverStream: (test, metadata, options) => test.streamingOutputCall({}, metadata, options),
  clientStream: (test, ...rest) => ended(test.streamingInputCall(...rest), {}),
  bidi: (test, metadata, options) => ended(test.fullDuplexCall(metadata, options), {}),
};

async function lateResponse(): Promise<void> {
  for (const [shape, start] of Object.entries(starts) as [LateResponse['shape'], Start][]) {
    const test = open(); // a connection for each: Node's HTTP/2 ends one on which a client has reset more than 1,000 calls
    await repeat(calls, async i => {
      const offsetMs = offsetMsOf(i);
      const { timeoutMs, metadata: header } = serverDeadline(i);
      const metadata = metadataOf({ [OFFSET]: String(offsetMs), ...header });
      const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
      const { responses, status } = await outcomeOf(done => start(test, metadata, options, done));
      tell({ shape, offsetMs, code: status.code, received: responses.length });
    });
    test.close();
  }
}

async function longDeadline(): Promise<void> {
  const test = open();
  for (const askedMs of longDeadlinesMs) {
    const options = { deadline: new Date(Date.now() + askedMs) };
    const { responses, status } = await outcomeOf(done => test.unaryCall({}, options, done));
    const text = String(responses[0]?.payload?.body ?? '');
    tell({ askedMs, code: status.code, seenMs: text === '' ? null : Number(text) });
  }
  test.close();
}

async function earlyEnd(): Promise<void> {
  const test = open();
  for (const shape of ['clientStream', 'bidi'] as const) {
    for (const end of ends) {
      if (shape === 'clientStream' && end === 'unimplemented') continue; // the one stream that is left out is an exchange
      await repeat(calls, async () => {
        const metadata = metadataOf({ [END]: end });
        let call: any;
        let hasEnded = false;
        const outcome = outcomeOf(done => {
          if (shape === 'clientStream') call = test.streamingInputCall(metadata, done);
          else call = end === 'unimplemented' ? test.halfDuplexCall(metadata) : test.fullDuplexCall(metadata);
          call.on('status', (_: StatusObject) => {
            hasEnded = true;
          });
          return call;
        });
        let sent = 0;
        for (; sent < MAX_MESSAGES && !hasEnded; sent++) {
          call.write({ payload: zeros(MESSAGE_BYTES) });
          await sleep(REST_MS);
        }
        call.end();
        tell({ shape, end, code: (await outcome).status.code, sent });
      });
    }
  }
  test.close();
}

function metadataOf(values: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(values)) metadata.set(key, value);
  return metadata;
}

await { 'late-response': lateResponse, 'long-deadline': longDeadline, 'early-end': earlyEnd }[experiment]();
