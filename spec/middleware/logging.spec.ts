import { AsyncLocalStorage } from 'node:async_hooks';
import { format, inspect } from 'node:util';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, concatMap, defer, EMPTY, NEVER, type Observable, of, take, tap, throwError, timer } from 'rxjs';
import { markReceived } from '../../lib/core/error-status.ts';
import { type CallOptions, Code, codeName, contextKey, RpcError, retryInfo } from '../../lib/index.ts';
import { type CallLine, type LoggingOptions, logging } from '../../lib/middleware.ts';
import { record, thrownBy } from '../support/record.ts';
import { FakeCall, method, virtually } from './support/fakes.ts';

type Entry = [level: string, line: CallLine, message: string];

function logger() {
  const entries: Entry[] = [];
  const at = (level: string) => (line: CallLine, message: string) => {
    entries.push([level, line, message]);
  };
  return { entries, logger: { info: at('info'), warn: at('warn'), error: at('error') } };
}

/** The entries for one call that is subscribed to in virtual time. */
function logged(
  response: (request$: Observable<unknown>) => Observable<unknown>,
  { call = {}, unsubscribeAt, ...options }: Partial<LoggingOptions> & { call?: unknown; unsubscribeAt?: number } = {},
): Entry[] {
  const { entries, logger: own } = logger();
  virtually(({ flush }) => {
    const rpc = logging({ logger: own, ...options })<any>(request$ => response(request$), method);
    const subscription = rpc(of('a', 'b'), call).subscribe({ error: () => {} });
    if (unsubscribeAt !== undefined) timer(unsubscribeAt).subscribe(() => subscription.unsubscribe());
    flush();
  });
  return entries;
}

const later = (then$: Observable<unknown>) => concat(timer(250), then$);
const line = (code: string, rest: object) => ({ method: '/lab.Lab/Bidi', side: 'client', code, ...rest });

describe('logging', () => {
  it('writes one line when a call completes: method, side, code, duration, messages in both directions', () => {
    const entries = logged(request$ => concat(request$, later(of('c'))));
    expect(entries).to.deep.equal([['info', line('OK', { durationMs: 250, requests: 2, responses: 4 }), 'rpc']]);
  });

  it('counts the requests of a repeated call once', () => {
    const [entry] = logged(request$ => concat(request$.pipe(take(1)), request$, request$));
    expect(entry![1]).to.include({ requests: 2, responses: 5 });
  });

  it('writes nothing before the end, and nothing for a call that is not subscribed to', () => {
    const { entries, logger: own } = logger();
    const rpc = logging({ logger: own })<CallOptions>(() => NEVER, method);
    rpc(of(1), {});
    const subscription = rpc(of(1), {}).subscribe();
    expect(entries).to.deep.equal([]);
    subscription.unsubscribe();
    expect(entries).to.have.length(1);
  });

  it('writes one line when a call fails, before its subscriber gets the error', () => {
    const { entries, logger: own } = logger();
    const rpc = logging({ logger: own })<CallOptions>(
      () =>
        concat(
          of(1),
          throwError(() => new RpcError(Code.NOT_FOUND, 'no')),
        ),
      method,
    );
    let before: number | undefined;
    rpc(of(1), {}).subscribe({ error: () => (before = entries.length) });
    expect(before).to.equal(1);
    expect(entries[0]![1]).to.include(line('NOT_FOUND', { requests: 0, responses: 1 }));
  });

  it('writes one line, CANCELLED, when a call is unsubscribed from', () => {
    const entries = logged(() => NEVER, { unsubscribeAt: 70 });
    expect(entries).to.deep.equal([['info', line('CANCELLED', { durationMs: 70, requests: 0, responses: 0 }), 'rpc']]);
  });

  it('writes one line when a call cannot be started', () => {
    const entries = logged(() => {
      throw new RpcError(Code.INTERNAL, 'no');
    });
    expect(entries).to.have.length(1);
    expect(entries[0]![1]).to.include({ code: 'INTERNAL' });
  });

  it('writes one line for a call that ends while a closed subscriber subscribes to it', async () => {
    const { entries, logger: own } = logger();
    const gone = NEVER.subscribe();
    gone.unsubscribe();
    logging({ logger: own })<CallOptions>(() => NEVER, method)(of(1), {}).subscribe(gone as any);
    expect(entries.map(([, { code }]) => code)).to.deep.equal(['CANCELLED']);
  });

  for (const code of Object.values(Code).filter(code => code !== Code.OK)) {
    const name = codeName(code);
    const level =
      { UNKNOWN: 'error', INTERNAL: 'error', DATA_LOSS: 'error' }[name] ??
      { UNAVAILABLE: 'warn', DEADLINE_EXCEEDED: 'warn', RESOURCE_EXHAUSTED: 'warn' }[name] ??
      'info';
    it(`writes ${name} on level ${level}${level === 'info' ? '' : ', with the error'}`, () => {
      const error = new RpcError(code, 'why');
      const [entry, ...more] = logged(() => throwError(() => error));
      expect(more).to.deep.equal([]);
      expect(entry![0]).to.equal(level);
      expect((entry![1].err as Error | undefined)?.message).to.equal(level === 'info' ? undefined : error.message);
    });
  }

  it('treats an error other than RpcError as UNKNOWN', () => {
    const error = Object.assign(new TypeError('no'), { errno: -111, socket: {} });
    const [entry] = logged(() => throwError(() => error));
    expect(entry![1].code).to.equal('UNKNOWN');
    expect(entry![1].err).to.be.instanceOf(Error);
    expect({ ...(entry![1].err as object) }).to.deep.equal({ name: 'TypeError', message: 'no', errno: -111 });
    expect(format('%s', entry![1].err)).to.include('logging.spec.ts'); // its stack
    expect(logged(() => throwError(() => 'a text'))[0]![1].err).to.equal('a text');
  });

  it('passes an error that loggers can write as JSON: code, its name, details, path, metadata keys, causes', () => {
    const cause = new RpcError(Code.UNAVAILABLE, 'db', { metadata: { secret: 'p4ssword' }, cause: new Error('down') });
    const error = new RpcError(Code.INTERNAL, 'why', { path: '/a.A/B', metadata: { secret: 'p4ssword' }, cause });
    const [entry] = logged(() => throwError(() => error));
    expect(JSON.parse(JSON.stringify(entry![1].err))).to.deep.equal({
      name: 'RpcError',
      message: '/a.A/B INTERNAL: why',
      code: Code.INTERNAL,
      codeName: 'INTERNAL',
      details: 'why',
      path: '/a.A/B',
      metadataKeys: ['secret'],
      cause: {
        name: 'RpcError',
        message: 'UNAVAILABLE: db',
        code: Code.UNAVAILABLE,
        codeName: 'UNAVAILABLE',
        details: 'db',
        metadataKeys: ['secret'],
        cause: { name: 'Error', message: 'down' },
      },
    });
  });

  it('passes the error of an info line when it has a cause', () => {
    const error = new RpcError(Code.NOT_FOUND, 'no', { cause: new Error('why') });
    const [entry] = logged(() => throwError(() => error));
    expect(entry![0]).to.equal('info');
    expect(entry![1].err).to.have.nested.property('cause.message', 'why');
  });

  const cancelled = (cause?: unknown) => new RpcError(Code.CANCELLED, 'cancelled', { cause });
  for (const [how, error] of Object.entries({
    'by its caller': cancelled(),
    'by its parent call': cancelled(cancelled(new RpcError(Code.DEADLINE_EXCEEDED, 'late'))),
    'by a signal that was aborted': cancelled(new DOMException('This operation was aborted', 'AbortError')),
  })) {
    it(`passes no error of a call that was cancelled ${how}, unless on a higher level`, () => {
      const [entry] = logged(() => throwError(() => error));
      expect(entry![0]).to.equal('info');
      expect(entry![1]).to.not.have.property('err');
      const [warned] = logged(() => throwError(() => error), { level: () => 'warn' });
      expect(warned![1]).to.have.nested.property('err.message', error.message);
    });
  }

  for (const [what, cause] of Object.entries({
    'a custom error': new Error('why'),
    'a text': 'why',
    null: null,
  })) {
    it(`passes the error of a call that was cancelled with ${what} as the reason`, () => {
      const [entry] = logged(() => throwError(() => cancelled(cancelled(cause))));
      expect(entry![0]).to.equal('info');
      expect(entry![1]).to.have.nested.property('err.cause.cause');
    });
  }

  it('writes an error that is its own cause to a depth of 5', () => {
    const error = new Error('again');
    error.cause = error;
    const text = JSON.stringify(logged(() => throwError(() => error))[0]![1].err);
    expect(text.match(/again/g)).to.have.length(6);
  });

  it('calls the level function with the line, and uses the configured message', () => {
    const level = ({ durationMs }: CallLine) => (durationMs >= 250 ? 'warn' : 'info');
    expect(logged(() => later(EMPTY), { level, message: 'call' })).to.deep.equal([
      ['warn', line('OK', { durationMs: 250, requests: 0, responses: 1 }), 'call'],
    ]);
    const err = (
      logged(() => throwError(() => new RpcError(Code.NOT_FOUND, 'x')), { level: () => 'error' })[0]![1] as any
    ).err;
    expect(err.message).to.include('NOT_FOUND: x');
    expect(logged(() => EMPTY, { level: () => 'error' })[0]![1]).to.not.have.property('err');
  });

  it('shows no metadata of the call or of an error, however a logger prints it', () => {
    const error = new RpcError(Code.INTERNAL, 'why', { metadata: { secret: 'p4ssword' } });
    const entries = logged(() => throwError(() => error), { call: { metadata: { authorization: 'p4ssword' } } });
    const { err, ...rest } = entries[0]![1];
    const fields: unknown[] = [];
    for (const key in err as object) fields.push(key, (err as any)[key]); // like pino
    const printed = [
      JSON.stringify(rest),
      JSON.stringify(err),
      inspect(entries, { depth: 9 }),
      format('%o', err),
      fields,
    ];
    expect(printed.join()).to.not.include('p4ssword');
    expect(err).to.be.instanceOf(Error);
    expect(err).to.include({ code: Code.INTERNAL, details: 'why', message: error.message, stack: error.stack });
    expect(error.metadata.get('secret')).to.deep.equal(['p4ssword']); // the error itself is unchanged
  });

  it('passes the same data for a ServiceError of plain grpc-js as for an RpcError', () => {
    const metadata = new Metadata();
    metadata.set('secret', 'p4ssword');
    const error = Object.assign(new Error('13 INTERNAL: db'), { code: 13, details: 'db', metadata });
    const [entry] = logged(() => throwError(() => error));
    expect({ ...(entry![1].err as object) }).to.deep.equal({
      name: 'Error',
      message: '13 INTERNAL: db',
      code: 13,
      codeName: 'INTERNAL',
      details: 'db',
      metadataKeys: ['secret'],
    });
  });

  it('passes the rich details of an error', () => {
    const error = new RpcError(Code.INTERNAL, 'why', { richDetails: [retryInfo(2000)] });
    const [entry] = logged(() => throwError(() => error));
    const { richDetails } = entry![1].err as { richDetails: unknown };
    expect(richDetails).to.deep.equal([{ case: 'retryInfo', value: { retryDelay: { seconds: '2', nanos: 0 } } }]);
  });

  for (const part of ['logger', 'level'] as const) {
    it(`is not affected by a ${part} that throws`, async () => {
      const fail = () => {
        throw new Error('logger');
      };
      const options = {
        logger: { info: fail, warn: fail, error: fail },
        ...(part === 'level' && { logger: logger().logger, level: fail }),
      };
      const rpc = (response$: Observable<number>) => logging(options)<CallOptions>(() => response$, method)(of(1), {});
      const well = record(rpc(of(1, 2)));
      expect(await well.ending).to.deep.equal({});
      expect(well.values).to.deep.equal([1, 2]);
      const error = new Error('mine');
      expect((await record(rpc(throwError(() => error))).ending).error).to.equal(error);
      rpc(NEVER).subscribe().unsubscribe();
    });
  }

  it('calls the logger as a method', () => {
    class Own {
      lines: unknown[] = [];
      info(line: CallLine) {
        this.lines.push(line);
      }
      warn() {}
      error() {}
    }
    const own = new Own();
    logged(() => EMPTY, { logger: own });
    expect(own.lines).to.have.length(1);
  });

  it('accepts console', () => {
    expect(logging({ logger: console })).to.be.a('function');
  });
});

describe('logging on a server', () => {
  const served = { method: '/lab.Lab/Bidi', side: 'server', peer: '10.0.0.1:5000', requests: 0, responses: 0 };

  it("includes the caller's address in its line", () => {
    const [entry] = logged(() => EMPTY, { call: new FakeCall().call });
    expect(entry).to.deep.equal(['info', { ...served, code: 'OK', durationMs: 0 }, 'rpc']);
  });

  it('records the code that the caller receives: an error of a further call is UNKNOWN', () => {
    const foreign = markReceived(new RpcError(Code.NOT_FOUND, 'theirs'));
    const [entry] = logged(() => throwError(() => foreign), { call: new FakeCall().call });
    expect(entry![0]).to.equal('error');
    expect(entry![1]).to.include({ code: 'UNKNOWN' });
    expect((entry![1].err as Error).message).to.equal(foreign.message);
    const [own] = logged(() => throwError(() => new RpcError(Code.NOT_FOUND, 'ours')), { call: new FakeCall().call });
    expect(own![1]).to.include({ code: 'NOT_FOUND' });
  });

  for (const code of [Code.CANCELLED, Code.DEADLINE_EXCEEDED]) {
    for (const [how, response] of Object.entries({
      'is unsubscribed from': NEVER,
      completes: EMPTY,
      fails: throwError(() => new Error('after the end')),
    })) {
      it(`records ${codeName(code)} for a call that was ended with it, when its response then ${how}`, () => {
        const fake = new FakeCall();
        const [entry, ...more] = logged(
          () =>
            timer(100).pipe(
              tap(() => fake.cancel(new RpcError(code, 'cut'))),
              source$ => concat(source$, response),
            ),
          { call: fake.call, unsubscribeAt: 100 },
        );
        expect(more).to.deep.equal([]);
        expect(entry![1]).to.include({ code: codeName(code), durationMs: 100 });
        expect(fake.listeners.size).to.equal(0);
      });
    }
  }

  it('passes no error of a call that its caller cancelled, whatever the handler returns', () => {
    const fake = new FakeCall();
    const theirs = new Error('query aborted', { cause: new Error('socket closed') });
    const [entry] = logged(
      () =>
        timer(100).pipe(
          tap(() => fake.cancel()),
          concatMap(() => throwError(() => theirs)),
        ),
      { call: fake.call },
    );
    expect(entry![1]).to.include({ code: 'CANCELLED' }).and.not.have.property('err');
  });

  it('leaves no listener on the call', () => {
    const fake = new FakeCall();
    logged(() => EMPTY, { call: fake.call });
    expect(fake.listeners.size).to.equal(0);
  });
});

describe('The fields of logging', () => {
  const user = contextKey<string>('user');

  it('are added to the line, from the options of a call or from the call of a server', () => {
    const fields: LoggingOptions['fields'] = (call, { side, code }) => ({
      requestId: 'peer' in call ? call.metadata.get('x-request-id')[0] : 'none',
      what: `${side} ${code}`,
    });
    expect(logged(() => EMPTY, { fields })[0]![1]).to.deep.equal(
      line('OK', { durationMs: 0, requests: 0, responses: 0, requestId: 'none', what: 'client OK' }),
    );
    const fake = new FakeCall();
    fake.metadata.set('x-request-id', 'r-1');
    const [entry] = logged(() => throwError(() => new Error('x')), { fields, call: fake.call });
    expect(entry![1]).to.include({ requestId: 'r-1', what: 'server UNKNOWN', code: 'UNKNOWN' });
    expect(entry![1]).to.have.nested.property('err.message', 'x');
  });

  it('are read once, at the end, when middleware and handler have set their values', () => {
    const fake = new FakeCall();
    const asked: unknown[] = [];
    const fields: LoggingOptions['fields'] = call => {
      asked.push(call);
      return { user: 'peer' in call ? call.context.get(user) : undefined };
    };
    const identified = () => {
      fake.context.set(user, 'ann');
      return later(EMPTY);
    };
    const [entry] = logged(() => defer(identified), { fields, call: fake.call });
    expect(asked).to.deep.equal([fake.call]);
    expect(entry![1]).to.include({ durationMs: 250, user: 'ann' });
  });

  it('are read in the async context in which the call started, whoever ends it', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { entries, logger: own } = logger();
    const rpc = logging({ logger: own, fields: () => ({ requestId: storage.getStore() }) })<CallOptions>(
      () => NEVER,
      method,
    );
    const subscription = storage.run('r-1', () => rpc(of(1), {}).subscribe());
    storage.run('r-2', () => subscription.unsubscribe());
    expect(entries[0]![1]).to.include({ code: 'CANCELLED', requestId: 'r-1' });
  });

  it('cannot replace those of the line', () => {
    const [entry] = logged(() => throwError(() => new RpcError(Code.INTERNAL, 'why')), {
      fields: () => ({ code: 'OK', err: 'none', more: 1 }),
    });
    expect(entry![1]).to.include({ code: 'INTERNAL', more: 1 });
    expect(entry![1].err).to.be.instanceOf(Error);
  });

  it('may be absent', () => {
    const [entry] = logged(() => EMPTY, { fields: () => undefined });
    expect(entry![1]).to.deep.equal(line('OK', { durationMs: 0, requests: 0, responses: 0 }));
  });

  it('leave the line and the call intact when they throw, and the line records why', async () => {
    const fields = (): never => {
      throw Object.assign(new Error('no store'), { metadata: new Metadata() });
    };
    const { entries, logger: own } = logger();
    const { values, ending } = record(logging({ logger: own, fields })<CallOptions>(() => of(1), method)(EMPTY, {}));
    expect([await ending, values]).to.deep.equal([{}, [1]]);
    const { fieldsErr, ...rest } = entries[0]![1] as CallLine & { fieldsErr: object };
    expect(rest).to.include({ code: 'OK', responses: 1 });
    expect({ ...fieldsErr }).to.deep.equal({ name: 'Error', message: 'no store' });
  });

  for (const [what, given] of Object.entries({
    'a promise': Promise.resolve({}),
    'a text': 'r-1',
    'a list': ['r-1'],
  })) {
    it(`are refused when they are ${what}, and the line records so`, () => {
      const [entry] = logged(() => EMPTY, { fields: () => given as never });
      expect(entry![1])
        .to.have.nested.property('fieldsErr.message')
        .that.matches(/expected fields to return a plain object/);
      expect(entry![1]).to.include({ code: 'OK' });
    });
  }

  // Compiled, not run.
  it('have the type of the call that they receive', () => {
    const use = () => {
      logging({ logger: console, fields: call => ({ path: 'peer' in call ? call.path : call.host }) });
      // @ts-expect-error a promise is not accepted
      logging({ logger: console, fields: async () => ({}) });
      // @ts-expect-error a string is not accepted
      logging({ logger: console, fields: () => 'r-1' });
    };
    expect(use).to.be.a('function');
  });
});

describe('The options of logging', () => {
  const { logger: good } = logger();
  for (const [options, message] of [
    [{}, /logger to have the function "info", got undefined/],
    [{ logger: { info: () => {} } }, /logger to have the function "warn"/],
    [{ logger: good, level: 'info' }, /level to be a function, got string "info"/],
    [{ logger: good, fields: {} }, /fields to be a function, got an object/],
    [{ logger: good, message: 1 }, /message to be a string/],
    [{ logger: good, log: 1 }, /no option "log"; there are logger, level, message, fields/],
  ] as const) {
    it(`are refused at once: ${JSON.stringify(options)}`, () => {
      expect(thrownBy(() => logging(options as any)).message).to.match(message);
    });
  }
});
