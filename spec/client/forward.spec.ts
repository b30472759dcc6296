import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { lastValueFrom, mergeMap, of } from 'rxjs';
import { connect, forward, type ServerCall } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';
import { running } from '../support/running.ts';

describe('forward', () => {
  it('passes on the deadline, the cancellation and the named keys, with all their values, and no other keys', async () => {
    let seen: ServerCall | undefined;
    await using far = await running({
      unary: (request$, call) => {
        seen = call;
        return request$;
      },
    });
    using next = connect(Lab, far.server.target);
    await using near = await running({
      unary: (request$, call) =>
        request$.pipe(
          mergeMap(note =>
            next.unary(note, { ...forward(call, ['x-request-id', 'trace-bin', 'absent']), waitForReady: true }),
          ),
        ),
    });
    const metadata = new Metadata();
    metadata.add('x-request-id', 'a');
    metadata.add('x-request-id', 'b');
    metadata.add('trace-bin', Buffer.from([1, 2]));
    metadata.add('authorization', 'Bearer secret');
    await lastValueFrom(near.client.unary({ n: 1 }, { metadata, timeoutMs: 60_000 }));
    expect(seen!.metadata.get('x-request-id').join()).to.equal('a, b');
    expect(seen!.metadata.get('trace-bin')).to.deep.equal([Buffer.from([1, 2])]);
    expect(seen!.metadata.get('authorization')).to.deep.equal([]);
    expect(seen!.deadline).to.be.instanceOf(Date);
  });

  it('refuses what is not a ServerCall, and keys that are not strings', async () => {
    expect(() => forward({} as ServerCall, [])).to.throw(TypeError, /ServerCall/);
    await using lab = await running({
      unary: (request$, call) => {
        expect(() => forward(call, [5 as unknown as string])).to.throw(TypeError, /keys to be texts/);
        return request$;
      },
    });
    expect(await lastValueFrom(lab.client.unary(of({ n: 2 })))).to.deep.equal({ n: 2 });
  });
});
