import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { map } from 'rxjs';
import { close, connect, pull, toAsyncIterable } from '../../lib/index.ts';
import { compiled } from '../support/compiled.ts';
import { Lab } from '../support/lab.ts';

/** Messages of 32 KiB that one hop may hold; see backpressure.spec.ts. */
const MAX_AHEAD = 21;
/** Round trips to the other processes without a change after which a count is final. */
const QUIET_ROUND_TRIPS = 100;

const program = compiled(join(import.meta.dirname, '../support/hop-process.ts'));

async function start(role: string, argument: string): Promise<{ child: ChildProcess; target: string }> {
  const child = fork(program, [role, argument], { execArgv: [] });
  const [target] = (await once(child, 'message')) as [string];
  return { child, target };
}

async function tell(child: ChildProcess, message: string): Promise<void> {
  const answer = once(child, 'message');
  child.send(message);
  await answer;
}

async function settledAcross(children: readonly ChildProcess[], count: () => number): Promise<number> {
  let last = count();
  for (let quiet = 0; quiet < QUIET_ROUND_TRIPS; quiet++) {
    for (const child of children) await tell(child, 'ping');
    if (count() !== last) {
      last = count();
      quiet = 0;
    }
  }
  return last;
}

async function stop(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map(child => {
      const exit = once(child, 'exit');
      child.kill();
      return exit;
    }),
  );
}

describe('A gateway of three processes', () => {
  it('stops its own caller while the far server is slow, and carries everything once it resumes', async () => {
    const TAKEN = 5;
    const LAST = 300;
    const far = await start('far', String(TAKEN));
    const gateway = await start('gateway', far.target);
    const children = [far.child, gateway.child];
    const client = connect(Lab, gateway.target);
    try {
      const text = 'x'.repeat(32 * 1024);
      let asked = 0;
      const answers: number[] = [];
      const ended = new Promise<void>((resolve, reject) => {
        pull(function* () {
          while (asked < LAST) yield { n: ++asked, text };
        })
          .pipe(
            client.bidi,
            map(({ n }) => n),
          )
          .subscribe({ next: n => answers.push(n), error: reject, complete: resolve });
      });
      const stalled = await settledAcross(children, () => asked + answers.length);
      expect(answers).to.have.length(TAKEN);
      expect(stalled - TAKEN).to.be.within(TAKEN, TAKEN + 2 * MAX_AHEAD);

      await tell(far.child, 'go on');
      await ended;
      expect(answers).to.have.length(LAST);
    } finally {
      close(client);
      await stop(children);
    }
  });

  it('stops the far server while its own caller does not read', async () => {
    const far = await start('far', '1000000');
    const gateway = await start('gateway', far.target);
    const children = [far.child, gateway.child];
    const client = connect(Lab, gateway.target);
    try {
      const text = 'x'.repeat(32 * 1024);
      let asked = 0;
      const source$ = pull(function* () {
        for (;;) yield { n: ++asked, text };
      });
      const answers = toAsyncIterable(client.bidi(source$))[Symbol.asyncIterator]();
      for (let n = 1; n <= 10; n++) expect((await answers.next()).value.n).to.equal(n);
      // Both directions together are four hops.
      expect(await settledAcross(children, () => asked)).to.be.within(10, 10 + 4 * MAX_AHEAD);
      await answers.return?.();
    } finally {
      close(client);
      await stop(children);
    }
  });
});
