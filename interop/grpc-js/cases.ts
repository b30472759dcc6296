import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { status as Code, Metadata } from '@grpc/grpc-js';
import {
  ECHO_INITIAL,
  ECHO_TRAILING,
  LARGE_REQUEST,
  LARGE_RESPONSE,
  REQUEST_SIZES,
  RESPONSE_SIZES,
  zeros,
} from '../messages.ts';
import { endings } from './endings.ts';
import { type Case, type Context, ended, type Outcome, outcomeOf } from './outcome.ts';

export const cases: Readonly<Record<string, Case>> = {
  async empty_unary({ test }) {
    deepEqual((await outcomeOf(callback => test.emptyCall({}, callback))).responses, [{}]);
  },

  async large_unary({ test }) {
    deepEqual(sizes(await largeUnary(test, LARGE_REQUEST, LARGE_RESPONSE)), [LARGE_RESPONSE]);
  },

  async client_streaming({ test }) {
    const { responses } = await outcomeOf(callback => {
      const call = test.streamingInputCall(callback);
      for (const size of REQUEST_SIZES) call.write({ payload: zeros(size) });
      call.end();
      return call;
    });
    deepEqual(responses, [{ aggregatedPayloadSize: 74_922 }]);
  },

  async server_streaming({ test }) {
    const responseParameters = RESPONSE_SIZES.map(size => ({ size }));
    deepEqual(sizes(await outcomeOf(() => test.streamingOutputCall({ responseParameters }))), RESPONSE_SIZES);
  },

  async ping_pong({ test }) {
    const outcome = await outcomeOf(() => {
      const call = test.fullDuplexCall();
      let turn = 0;
      const ask = (): void => {
        const [size, asked] = [REQUEST_SIZES[turn], RESPONSE_SIZES[turn]];
        turn++;
        if (size === undefined) call.end();
        else call.write({ responseParameters: [{ size: asked }], payload: zeros(size) });
      };
      call.on('data', ask);
      ask();
      return call;
    });
    deepEqual(sizes(outcome), RESPONSE_SIZES);
  },

  async empty_stream({ test }) {
    const { responses, status } = await outcomeOf(() => ended(test.fullDuplexCall()));
    deepEqual([responses, status.code], [[], Code.OK]);
  },

  async custom_metadata({ test }) {
    const metadata = new Metadata();
    metadata.set(ECHO_INITIAL, 'test_initial_metadata_value');
    metadata.set(ECHO_TRAILING, Buffer.from([0xab, 0xab, 0xab]));
    const payload = zeros(LARGE_REQUEST);
    const request = { responseSize: LARGE_RESPONSE, responseParameters: [{ size: LARGE_RESPONSE }], payload };
    for (const outcome of [
      await outcomeOf(callback => test.unaryCall(request, metadata, callback)),
      await outcomeOf(() => ended(test.fullDuplexCall(metadata), request)),
    ]) {
      deepEqual(sizes(outcome), [LARGE_RESPONSE]);
      deepEqual(outcome.headers?.get(ECHO_INITIAL), ['test_initial_metadata_value']);
      deepEqual(outcome.status.metadata.get(ECHO_TRAILING), [Buffer.from([0xab, 0xab, 0xab])]);
    }
  },

  ...endings,

  rpc_soak: context => soak(context, () => context.test, false),
  channel_soak: context => soak(context, context.open, true),
};

async function soak({ options }: Context, open: () => any, isOwn: boolean): Promise<void> {
  const faults: string[] = [];
  for (let i = 0; i < options.soak_iterations; i++) {
    const test = open();
    const start = performance.now();
    const outcome = await largeUnary(test, options.soak_request_size, options.soak_response_size);
    const ms = performance.now() - start;
    const isFine = sizes(outcome)[0] === options.soak_response_size;
    if (!isFine || ms > options.soak_per_iteration_max_acceptable_latency_ms) {
      faults.push(`${outcome.status.details} after ${Math.round(ms)} ms`);
    }
    if (isOwn) test.close();
    await sleep(Math.max(0, options.soak_min_time_ms_between_rpcs - ms));
  }
  ok(faults.length <= options.soak_max_failures, faults.join('; '));
}

function largeUnary(test: any, size: number, responseSize: number): Promise<Outcome> {
  return outcomeOf(callback => test.unaryCall({ responseSize, payload: zeros(size) }, callback));
}

function sizes({ responses, status }: Outcome): number[] {
  equal(status.code, Code.OK, status.details);
  return responses.map(({ payload }) => payload.body.length);
}
