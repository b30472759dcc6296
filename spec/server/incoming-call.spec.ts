import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { isServerCall, onCancelled } from '../../lib/core/server-call.ts';
import { Code, RpcError } from '../../lib/index.ts';
import { incomingCall } from '../../lib/server/incoming-call.ts';
import { Lab } from '../support/lab.ts';

describe('incomingCall', () => {
  const reason = new RpcError(Code.CANCELLED, 'x');
  const call = () =>
    incomingCall({ metadata: new Metadata(), getDeadline: () => Infinity } as never, Lab.bidi, {
      draining$: NEVER,
      abort: () => {},
    });

  it('is recognized as a ServerCall', () => {
    expect(isServerCall(call())).to.equal(true);
  });

  it('notifies the calls made for it of its cancellation, each once, except those that have ended', () => {
    const parent = call();
    const told: string[] = [];
    parent[onCancelled](() => told.push('ended'))();
    parent[onCancelled](() => told.push('running'));
    parent.end(reason);
    parent[onCancelled](() => told.push('late'))();
    expect(told).to.deep.equal(['running', 'late']);
  });

  it('has a signal that aborts with the reason, also when it is first accessed afterwards', () => {
    const before = call();
    const { signal } = before;
    before.end(reason);
    const after = call();
    after.end(reason);
    for (const one of [signal, before.signal, after.signal]) {
      expect(one.aborted).to.equal(true);
      expect(one.reason).to.equal(reason);
    }
    expect(call().signal.aborted).to.equal(false);
  });
});
