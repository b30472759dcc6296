import { InterceptingCall, type Interceptor, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { expect } from 'chai';
import { endWith, from, ignoreElements, lastValueFrom, merge, type Observable, toArray } from 'rxjs';
import { lending, MAX_SPARE } from '../../lib/codec/buffer-pool.ts';
import { method } from '../../lib/generated.ts';
import { BytesValue } from '../../lib/google/protobuf/wrappers.ts';
import {
  type ClientOf,
  type ConnectOptions,
  close,
  connect,
  implement,
  pull,
  type ServeOptions,
  serve,
} from '../../lib/index.ts';

const Echo = {
  echo: method('/a.B/Echo', true, true, BytesValue, BytesValue),
  upload: method('/a.B/Upload', true, false, BytesValue, BytesValue),
  download: method('/a.B/Download', false, true, BytesValue, BytesValue),
};

const PAYLOAD = 40_000;
/** The buffer size that such a message needs; grpc-js adds five bytes for the frame. */
const MEMORY = 40_960;

type Part = { value: Uint8Array };

function* parts(count: number, first = 0): Generator<Part> {
  for (let n = first; n < first + count; n++) yield { value: new Uint8Array(PAYLOAD).fill(n) };
}

async function echoing<T>(
  run: (client: ClientOf<typeof Echo>) => Promise<T>,
  { server = {}, client = {} }: { server?: ServeOptions; client?: ConnectOptions } = {},
): Promise<T> {
  const running = await serve(
    'http://127.0.0.1:0',
    implement(Echo, {
      echo: part$ => part$,
      upload: part$ => part$.pipe(ignoreElements(), endWith({ value: new Uint8Array(1) })),
      download: () => pull(parts(300)),
    }),
    server,
  );
  const echo = connect(Echo, running.target, client);
  try {
    return await run(echo);
  } finally {
    close(echo);
    await running.shutdown();
  }
}

const all = <T>(values$: Observable<T>): Promise<T[]> => lastValueFrom(values$.pipe(toArray()));

/** Leaves buffers returned by other specs to the garbage collector. */
function takeAllSpare(): void {
  const serialize = lending(Echo.echo.requestSerialize);
  for (const part of parts(MAX_SPARE)) serialize(part as never);
}

/** The number of buffers allocated for messages during this run. */
async function memoriesTaken(run: () => Promise<unknown>): Promise<number> {
  const { allocUnsafeSlow } = Buffer;
  let taken = 0;
  Buffer.allocUnsafeSlow = size => {
    if (size === MEMORY) taken++;
    return allocUnsafeSlow(size);
  };
  try {
    await run();
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow;
  }
  return taken;
}

describe('Large outgoing messages', () => {
  for (const [by, call] of [
    ['a client', (client: ClientOf<typeof Echo>) => all(client.upload(pull(parts(300))))],
    ['a server', (client: ClientOf<typeof Echo>) => all(client.download({}))],
  ] as const) {
    it(`are encoded into reused buffers by ${by}`, async () => {
      takeAllSpare();
      expect(await memoriesTaken(() => echoing(call))).to.be.within(1, 3);
    });
  }

  it('arrive unchanged when messages of several calls wait at once', async () => {
    const sent = [...parts(120)];
    const back = await echoing(client =>
      Promise.all([0, 1, 2, 3].map(i => all(client.echo(from(sent.slice(i * 30, i * 30 + 30)))))),
    );
    expect(back.flat()).to.deep.equal(sent);
  });

  it('have buffers of their own when interceptors see them', async () => {
    const seen: [Buffer, Buffer][] = [];
    const see = (message: Buffer) => void seen.push([message, Buffer.from(message)]);
    const ofClient: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        sendMessage: (message, next) => {
          see(message);
          next(message);
        },
      });
    const ofServer: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        sendMessage: (message, next) => {
          see(message);
          next(message);
        },
      });
    await echoing(client => all(merge(client.echo(pull(parts(40))), client.echo(pull(parts(40, 40))))), {
      client: { channelOptions: { interceptors: [ofClient] } },
      server: { serverOptions: { interceptors: [ofServer] } },
    });
    expect(seen).to.have.length(160);
    for (const [message, asItWas] of seen) expect(message.equals(asItWas)).to.equal(true);
  });

  it('are compressed correctly', async () => {
    const sent = [...parts(40)];
    const back = await echoing(client => all(client.echo(pull(sent))), { client: { compression: 'gzip' } });
    expect(back).to.deep.equal(sent);
  });
});
