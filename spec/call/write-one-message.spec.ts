import { expect } from 'chai';
import { EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { type WriteOptions, writeMessages } from '../../lib/call/write-messages.ts';
import { pull } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';

describe('writeMessages of exactly one', () => {
  const start = <T>(source$: Observable<T>, options: Partial<WriteOptions<T>> = {}) => {
    const log: string[] = [];
    const written: string[] = [];
    const sink = { write: (bytes: Uint8Array) => written.push(String(bytes)) };
    const sending = writeMessages(source$, sink, {
      exactlyOne: true,
      encode: value => Buffer.from(String(value)),
      complete: () => log.push(`send ${written.splice(0)}`),
      violated: values => log.push(`violated: ${values}`),
      error: error => log.push(`error ${error}`),
      ...options,
    });
    return { log, sending };
  };

  it('sends the one value when the source completes, and not before', () => {
    expect(start(of(1)).log).to.deep.equal(['send 1']);
    const source = new Subject<number>();
    const { log } = start(source);
    source.next(1);
    expect(log).to.deep.equal([]);
    source.complete();
    expect(log).to.deep.equal(['send 1']);
  });

  it('sends nothing for a source without a value', () => {
    expect(start(EMPTY).log).to.deep.equal(['violated: none']);
  });

  it('sends nothing for a source that emits a second value, and unsubscribes it', () => {
    const source = new Subject<number>();
    const { log } = start(source);
    source.next(1);
    source.next(2);
    expect(log).to.deep.equal(['violated: more']);
    expect(source.observed).to.equal(false);
    source.next(3);
    source.complete();
    expect(log).to.have.lengthOf(1);
  });

  it('requests two values from an endless source', () => {
    const source = new Counted();
    expect(start(pull(source)).log).to.deep.equal(['violated: more']);
    expect([source.asked, source.returned]).to.deep.equal([2, 1]);
  });

  it('reports an error of the source, and drops the value before it', () => {
    const source = new Subject<number>();
    const { log } = start(source);
    source.next(1);
    source.error('mine');
    expect(log).to.deep.equal(['error mine']);
    expect(start(throwError(() => 'mine')).log).to.deep.equal(['error mine']);
  });

  it('reports a value that cannot be encoded', () => {
    const encode = (): never => {
      throw new TypeError('not a message');
    };
    expect(start(of(1), { encode }).log).to.deep.equal(['error TypeError: not a message']);
  });

  it('counts undefined as a value', () => {
    expect(start(of(undefined)).log).to.deep.equal(['send undefined']);
    expect(start(of(undefined, undefined)).log).to.deep.equal(['violated: more']);
  });

  it('has released the source when it reports the end', () => {
    const log: string[] = [];
    const source$ = new Observable<number>(output => {
      output.next(1);
      output.complete();
      return () => log.push('gone');
    });
    start(source$, { complete: () => log.push('sent') });
    expect(log.sort()).to.deep.equal(['gone', 'sent']);
  });

  it('unsubscribes the source and drops the value when it is stopped', () => {
    const source = new Subject<number>();
    const { log, sending } = start(source);
    source.next(1);
    sending.stop();
    sending.stop();
    expect(source.observed).to.equal(false);
    source.complete();
    expect(log).to.deep.equal([]);
  });

  it('waits for a silent source', () => {
    const { log, sending } = start(NEVER);
    expect(log).to.deep.equal([]);
    sending.stop();
  });
});
