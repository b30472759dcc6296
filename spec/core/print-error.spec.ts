import assert from 'node:assert';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { pino } from 'pino';
import { throwError } from 'rxjs';
import winston from 'winston';
import { hideMetadata } from '../../lib/core/rpc-error.ts';
import { Code, implement, isRpcError, loopback, RpcError, type RpcErrorOptions, retryInfo } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab } from '../support/lab.ts';
import { errorOf, thrownBy } from '../support/record.ts';

/** Another copy of the library, as when two packages bring their own. */
const copy: typeof import('../../lib/core/rpc-error.ts') = await import(
  new URL('../../lib/core/rpc-error.ts?printed', import.meta.url).href
);

const SECRET = 's3cret';
const options: RpcErrorOptions = {
  path: '/a.B/C',
  metadata: { 'set-token': SECRET, 'key-bin': Buffer.from(SECRET) },
  richDetails: [
    { case: 'badRequest', value: { fieldViolations: [{ field: 'name', description: 'too short' }] } },
    retryInfo(1500),
    { case: 'unknown', value: { typeUrl: 'type.googleapis.com/a.Own', value: Buffer.from(SECRET) } },
  ],
};

function serviceError(): ServiceError {
  const metadata = new Metadata();
  metadata.set('set-token', SECRET);
  return Object.assign(new Error('5 NOT_FOUND: no such user'), { code: 5, details: 'no such user', metadata });
}

/** The output of pino. */
function pinoWrites(log: (logger: pino.Logger) => void): string {
  let written = '';
  log(pino({}, { write: line => (written += line) }));
  return written;
}

/** The output of winston. */
function winstonWrites(log: (logger: winston.Logger) => void, ...formats: winston.Logform.Format[]): string {
  let written = '';
  const stream = new Writable({
    write(line, _encoding, done) {
      written += line;
      done();
    },
  });
  const combined = winston.format.combine(...formats, winston.format.json());
  log(winston.createLogger({ format: combined, transports: [new winston.transports.Stream({ stream })] }));
  return written;
}

const errorsFormat = winston.format.errors({ stack: true, cause: true });

/** Printers that show the fields of an error. */
const printers: Record<string, (error: Error) => string> = {
  'JSON.stringify': error => JSON.stringify(error),
  'JSON.stringify of a copy': error => JSON.stringify({ ...error }),
  'JSON.stringify of what has it': error => JSON.stringify({ err: error }),
  inspect: error => inspect(error),
  'inspect of what has it': error => inspect({ deep: { err: error } }),
  'inspect of an error whose cause it is': error => inspect(new Error('outer', { cause: error })),
  'format %o': error => format('%o', error),
  'format %j': error => format('%j', error),
  'pino, as err': error => pinoWrites(logger => logger.error({ err: error }, 'failed')),
  'pino, as it is': error => pinoWrites(logger => logger.error(error)),
  'pino, under another key': error => pinoWrites(logger => logger.error({ why: error }, 'failed')),
  'pino, as the cause of another error': error =>
    pinoWrites(logger => logger.error({ err: Object.assign(new Error('outer'), { inner: error }) })),
  'winston, behind a message': error => winstonWrites(logger => logger.error('failed', error)),
  'winston, under a key': error => winstonWrites(logger => logger.error('failed', { err: error })),
  'winston, as it is': error => winstonWrites(logger => logger.error(error)),
  'winston, with format.errors': error => winstonWrites(logger => logger.error(error), errorsFormat),
  'winston, with format.errors, behind a message': error =>
    winstonWrites(logger => logger.error('failed', error), errorsFormat),
};

/** Shows hidden properties, too: a foreign error can hide nothing from it. */
const { 'format %o': showHidden, ...usual } = printers;

/** Printers that show its message, its stack, or less. */
const brief: Record<string, (error: Error) => string> = {
  String: error => String(error),
  'inspect without custom functions': error => inspect(error, { customInspect: false, depth: 9 }),
  'a failed assertion': error => thrownBy(() => assert.deepStrictEqual(error, { code: 0 })).message,
  'format %s': error => format('%s', error),
  'the structured clone': error => serialize(error).toString('latin1'),
  'pino, an error whose cause it is': error =>
    pinoWrites(logger => logger.error({ err: new Error('outer', { cause: error }) })),
};

describe('A printed RpcError', () => {
  const bench = useBench();
  const failing = inAllShapes(() => throwError(() => new RpcError(Code.NOT_FOUND, 'no such user', options)));

  const errors: Record<string, () => Promise<Error> | Error> = {
    'an error of this copy': () => new RpcError(Code.NOT_FOUND, 'no such user', options),
    'an error of another copy': () => new copy.RpcError(Code.NOT_FOUND, 'no such user', options),
    'an instance of a subclass': () => new (class Gone extends RpcError {})(Code.NOT_FOUND, 'no such user', options),
    'an error from a server': async () => {
      const { client } = await bench.run(failing);
      return (await errorOf(client.unary({ n: 1 }))) as Error;
    },
    'an error from a loopback': async () =>
      (await errorOf(loopback(implement.partial(Lab, failing)).unary({ n: 1 }))) as Error,
    'a result of RpcError.from': () =>
      RpcError.from(new RpcError(Code.NOT_FOUND, 'no such user', { ...options, path: '/a.B/C' })),
    'an error with causes that have metadata': () =>
      new RpcError(Code.NOT_FOUND, 'no such user', {
        ...options,
        cause: new AggregateError([serviceError(), new RpcError(Code.ABORTED, 'x', options)], 'both', {
          cause: new Error('why', { cause: serviceError() }),
        }),
      }),
  };

  for (const [kind, make] of Object.entries(errors)) {
    for (const [printer, print] of Object.entries(printers)) {
      it(`shows the name of its code, its details, path and metadata keys, and no metadata value: ${kind} (${printer})`, async () => {
        const error = (await make()) as RpcError;
        const printed = print(error);
        expect(printed)
          .to.include('NOT_FOUND')
          .and.include('no such user')
          .and.include('set-token')
          .and.include('key-bin');
        if (error.path !== undefined) expect(printed).to.include(error.path);
        expect(printed).to.not.include(SECRET).and.not.include(Buffer.from(SECRET).toString('base64'));
        expect(printed).to.not.match(/"type":"Buffer"|73 33 63 72|\[115,51,99|115,\s+51,\s+99/);
      });
    }

    for (const [printer, print] of Object.entries(brief)) {
      it(`shows the name of its code and its details, and nothing of its metadata: ${kind} (${printer})`, async () => {
        const printed = print(await make());
        expect(printed).to.include('NOT_FOUND').and.include('no such user').and.not.include(SECRET);
      });
    }
  }

  it('shows decoded rich details, and the name and size of one of an unknown type', () => {
    const error = new RpcError(Code.NOT_FOUND, 'no such user', options);
    const shown = [
      { case: 'badRequest', value: { fieldViolations: [{ field: 'name', description: 'too short', reason: '' }] } },
      { case: 'retryInfo', value: { retryDelay: { seconds: '1', nanos: 500_000_000 } } },
      { case: 'unknown', value: { typeUrl: 'type.googleapis.com/a.Own', bytes: SECRET.length } },
    ];
    const { err } = JSON.parse(printers['pino, as err']!(error));
    const spread = JSON.parse(JSON.stringify({ ...error }));
    for (const fields of [JSON.parse(JSON.stringify(error)), spread, err, { richDetails: error.richDetails }]) {
      const richDetails = JSON.parse(JSON.stringify(fields.richDetails));
      delete richDetails[0].value.fieldViolations[0].localizedMessage;
      expect(richDetails).to.deep.equal(shown);
    }
    expect(err).to.not.have.property('metadata');
  });

  it('has no rich details when none were sent', () => {
    const error = new RpcError(Code.NOT_FOUND, 'x');
    expect({ ...error }).to.deep.equal({
      name: 'RpcError',
      code: Code.NOT_FOUND,
      codeName: 'NOT_FOUND',
      details: 'x',
      path: undefined,
      metadataKeys: [],
    });
    expect(error.richDetails).to.deep.equal([]);
  });

  it('still has its metadata, readable and mutable', () => {
    const error = new RpcError(Code.NOT_FOUND, 'x', options);
    expect(error.metadata.get('set-token')).to.deep.equal([SECRET]);
    error.metadata.set('later', '1');
    expect(error.metadataKeys).to.have.members(['set-token', 'key-bin', 'later']);
    expect(isRpcError(error) && copy.isRpcError(error)).to.equal(true);
    expect(RpcError.from(error).metadata.get('set-token')).to.deep.equal([SECRET]);
  });
});

describe('A ServiceError of plain grpc-js', () => {
  const bench = useBench();

  for (const [printer, print] of Object.entries({ ...printers, ...brief })) {
    it(`shows only its metadata keys once it is the cause of an RpcError: ${printer}`, () => {
      const cause = serviceError();
      const error = RpcError.from(cause);
      expect(print(error)).to.not.include(SECRET);
      if (print !== showHidden) expect(print(cause)).to.not.include(SECRET);
      expect(cause).to.have.deep.property('metadataKeys', ['set-token']);
      expect(cause.metadata.get('set-token')).to.deep.equal([SECRET]);
      expect(isRpcError(cause, Code.NOT_FOUND)).to.equal(true);
    });
  }

  it('shows only its metadata keys to onError, itself and as a cause', async () => {
    for (const thrown of [serviceError(), new Error('outer', { cause: serviceError() })]) {
      const { client, hidden } = await bench.run({ unary: () => throwError(() => thrown) });
      await errorOf(client.unary({ n: 1 }));
      expect(hidden).to.deep.equal([thrown]);
      for (const print of Object.values(usual)) expect(print(hidden[0] as Error)).to.not.include(SECRET);
    }
  });

  it('shows only its metadata keys without an onError', async () => {
    const written: string[] = [];
    const { error: original } = console;
    console.error = (...args: unknown[]) => written.push(format(...args));
    try {
      const client = loopback(implement.partial(Lab, { unary: () => throwError(() => serviceError()) }));
      await errorOf(client.unary({ n: 1 }));
    } finally {
      console.error = original;
    }
    expect(written.join()).to.include('5 NOT_FOUND: no such user').and.include('set-token').and.not.include(SECRET);
  });

  it('stays unchanged when it is frozen or unreadable', () => {
    const frozen = Object.freeze(serviceError());
    expect(hideMetadata(frozen)).to.equal(frozen);
    const unreadable = Object.defineProperty(new Error('x'), 'cause', {
      get() {
        throw new Error('unreadable');
      },
    });
    expect(hideMetadata(unreadable)).to.equal(unreadable);
    for (const other of [undefined, null, 'x', { metadata: new Metadata() }])
      expect(hideMetadata(other)).to.equal(other);
  });
});
