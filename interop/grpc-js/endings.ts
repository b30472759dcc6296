import { deepEqual, equal } from 'node:assert/strict';
import { status as Code } from '@grpc/grpc-js';
import { REQUEST_SIZES, RESPONSE_SIZES, SPECIAL_STATUS, STATUS, zeros } from '../messages.ts';
import { type Case, ended, type Outcome, outcomeOf } from './outcome.ts';

/** The cases in which a call does not end well. */
export const endings: Readonly<Record<string, Case>> = {
  async cancel_after_begin({ test }) {
    const { status } = await outcomeOf(callback => {
      const call = test.streamingInputCall(callback);
      setImmediate(() => call.cancel());
      return call;
    });
    equal(status.code, Code.CANCELLED);
  },

  async cancel_after_first_response({ test }) {
    const { status, responses } = await outcomeOf(() => {
      const call = test.fullDuplexCall();
      call.once('data', () => call.cancel());
      call.write({ responseParameters: [{ size: RESPONSE_SIZES[0] }], payload: zeros(REQUEST_SIZES[0]!) });
      return call;
    });
    deepEqual([status.code, responses.length], [Code.CANCELLED, 1]);
  },

  async timeout_on_sleeping_server({ test }) {
    const { status } = await outcomeOf(() => {
      const call = test.fullDuplexCall({ deadline: Date.now() + 1 });
      call.write({ payload: zeros(REQUEST_SIZES[0]!) });
      return call;
    });
    equal(status.code, Code.DEADLINE_EXCEEDED);
  },

  async status_code_and_message({ test }) {
    const request = { responseStatus: STATUS };
    hasStatus(await outcomeOf(callback => test.unaryCall(request, callback)), STATUS);
    hasStatus(await outcomeOf(() => ended(test.fullDuplexCall(), request)), STATUS);
  },

  async special_status_message({ test }) {
    const request = { responseStatus: SPECIAL_STATUS };
    hasStatus(await outcomeOf(callback => test.unaryCall(request, callback)), SPECIAL_STATUS);
  },

  async unimplemented_method({ test }) {
    const { status } = await outcomeOf(callback => test.unimplementedCall({}, callback));
    equal(status.code, Code.UNIMPLEMENTED);
  },

  async unimplemented_service({ unimplemented }) {
    const { status } = await outcomeOf(callback => unimplemented.unimplementedCall({}, callback));
    equal(status.code, Code.UNIMPLEMENTED);
  },
};

function hasStatus({ status }: Outcome, expected: { code: number; message: string }): void {
  deepEqual({ code: status.code, message: status.details }, expected);
}
