import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import * as client from '@grpc/grpc-js/build/src/client.js';
import * as compressionFilter from '@grpc/grpc-js/build/src/compression-filter.js';
import * as internalChannel from '@grpc/grpc-js/build/src/internal-channel.js';
import * as loadBalancingCall from '@grpc/grpc-js/build/src/load-balancing-call.js';
import * as retryingCall from '@grpc/grpc-js/build/src/retrying-call.js';
import * as serverInterceptors from '@grpc/grpc-js/build/src/server-interceptors.js';
import * as subchannel from '@grpc/grpc-js/build/src/subchannel.js';
import * as subchannelCall from '@grpc/grpc-js/build/src/subchannel-call.js';
import * as transport from '@grpc/grpc-js/build/src/transport.js';
import { expect } from 'chai';
import { buildSync, transformSync } from 'esbuild';
import { NEVER } from 'rxjs';
import { adjustGrpcJs, clientPatches, ownPatches, serverPatches } from '../../lib/grpc-js/adjust.ts';
import { findMisfit } from '../../lib/grpc-js/patch.ts';
import { findPrivateParts, type PrivateModules, type PrivateParts } from '../../lib/grpc-js/private.ts';
import { close, connect } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { CANCEL, data, endings, message, RST_STREAM, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const lib = new URL('../../lib/', import.meta.url);
const modules: PrivateModules = {
  client,
  compressionFilter,
  internalChannel,
  loadBalancingCall,
  retryingCall,
  serverInterceptors,
  subchannel,
  subchannelCall,
  transport,
};

/** The adjusting function of another copy of the library in this process. */
let copies = 0;
const anotherCopy = async (): Promise<typeof adjustGrpcJs> =>
  (await import(`../../lib/grpc-js/adjust.ts?copy=${++copies}`)).adjustGrpcJs;

type Source = (source: string) => string;
const asItIs: Source = source => source;

const prototypes = [
  'clientCall',
  'subchannel',
  'connector',
  'internalChannel',
  'loadBalancingCall',
  'retryingCall',
  'serverCall',
  'server',
  'compressionFilterFactory',
] as const;

/** Copies of the prototypes of grpc-js, with the source text of some classes changed. */
function unused(changes: Partial<Record<keyof PrivateParts, Source>> = {}): PrivateParts {
  const real = findPrivateParts()!;
  const copyOf = (part: (typeof prototypes)[number]): object => {
    const source = String(real[part].constructor);
    const changed = (changes[part] ?? asItIs)(source);
    if (changes[part] !== undefined) expect(changed, part).to.not.equal(source);
    return new Function(`return (${changed})`)().prototype;
  };
  return {
    ...real,
    clientCall: copyOf('clientCall'),
    subchannel: copyOf('subchannel'),
    connector: copyOf('connector'),
    internalChannel: copyOf('internalChannel'),
    loadBalancingCall: copyOf('loadBalancingCall'),
    retryingCall: copyOf('retryingCall'),
    serverCall: copyOf('serverCall'),
    server: copyOf('server'),
    compressionFilterFactory: copyOf('compressionFilterFactory'),
  } as PrivateParts;
}

/** The warnings passed to process.emitWarning. */
async function warningsOf(run: () => unknown): Promise<Error[]> {
  const warnings: Error[] = [];
  const note = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', note);
  await run();
  await new Promise(setImmediate);
  process.off('warning', note);
  return warnings;
}

const methodsOf = (object: object): unknown[] => Object.getOwnPropertyNames(object).map(name => (object as any)[name]);

/** The methods of all private classes, by names such as `clientCall.endCall`. */
function methodsByName(parts: PrivateParts): Record<string, unknown> {
  const all = prototypes.flatMap(part =>
    Object.entries(Object.getOwnPropertyDescriptors(parts[part])).map(([name, { value }]) => [
      `${part}.${name}`,
      value,
    ]),
  );
  return Object.fromEntries(all);
}

describe('The adjustments of grpc-js', () => {
  const peers = usePeers();

  it('are applied once; those of a client once for all copies of the library in a process', async () => {
    adjustGrpcJs();
    const { clientCall, serverCall } = findPrivateParts()!;
    const [client, server] = [methodsOf(clientCall), methodsOf(serverCall)];
    adjustGrpcJs();
    expect(methodsOf(serverCall)).to.deep.equal(server);
    (await anotherCopy())();
    expect(methodsOf(clientCall)).to.deep.equal(client);
    expect(methodsOf(serverCall)).to.not.deep.equal(server); // each copy knows its own services
  });

  const patches = [...clientPatches, ...serverPatches, ...ownPatches];
  const methodNames = [...clientPatches, ...serverPatches].flatMap(({ shape }) =>
    Object.entries(shape).flatMap(([part, { methods }]) => Object.keys(methods ?? {}).map(name => `${part}.${name}`)),
  );
  const off = (names: readonly string[], warning = ''): boolean[] =>
    names.map(name => warning.includes(`${name} (${patches.find(patch => patch.name === name)!.without})`));

  it('are all applied when every method and property is as expected, without a warning', async () => {
    const parts = unused();
    const before = { ...methodsByName(parts) };
    expect(await warningsOf(async () => (await anotherCopy())(() => parts))).to.deep.equal([]);
    const after = methodsByName(parts);
    const untouched = methodNames.filter(name => before[name] === after[name]);
    // Called or overridden, and not replaced.
    expect(untouched).to.deep.equal([
      'compressionFilter.receiveMetadata',
      'clientCall.halfClose',
      'clientCall.getPeer',
      'clientCall.getCallNumber',
      'clientCall.getAuthContext',
      'clientCall.getDeadlineInfo',
      'retryingCall.getBufferEntry',
      'retryingCall.commitCall',
    ]);
  });

  for (const [what, changes, names] of [
    [
      'a method has another parameter',
      { clientCall: s => s.replace('endCall(status)', 'endCall(status, more)') },
      ['status-waits', 'repeats-refused'],
    ],
    [
      'a method has another name',
      { serverCall: s => s.replace('handleEndEvent() {', 'handleEnd() {') },
      ['whole-frames (server)'],
    ],
    [
      'a method has a single rest parameter',
      { clientCall: s => s.replace(/sendMessageWithContext\([^)]*\) \{/, 'sendMessageWithContext(options) {') },
      ['writes-end', 'waits-for-place', 'repeats-refused'],
    ],
    [
      'a property has another name',
      { clientCall: s => s.replaceAll('unpushedReadMessages', 'unread') },
      ['status-waits'],
    ],
    [
      'a method of the server has another name',
      { server: s => s.replaceAll('_verifyContentType', '_isGrpc') },
      ['only-grpc', 'reset-behind-status (refused calls)'],
    ],
    [
      'the deadline of a call has another name',
      { serverCall: s => s.replaceAll('.deadlineTimer', '.timer') },
      ['grpc-timeout'],
    ],
    [
      'a property of several patches has another name',
      { clientCall: s => s.replaceAll('readsClosed', 'hasEnded') },
      ['status-waits', 'ends-heard (client)'],
    ],
    [
      'a method of the channel has another parameter',
      { internalChannel: s => s.replace('getConfig(method, metadata)', 'getConfig(method)') },
      ['short-calls'],
    ],
    [
      'further attempts know no throttle',
      { retryingCall: s => s.replaceAll('.retryThrottler', '.other') },
      ['short-calls'],
    ],
  ] satisfies [string, Partial<Record<keyof PrivateParts, Source>>, string[]][]) {
    it(`that depend on it are skipped when ${what}; the others are applied, and one warning names the skipped ones`, async () => {
      const parts = unused(changes);
      const before = { ...methodsByName(parts) };
      const warnings = await warningsOf(async () => {
        const adjust = await anotherCopy();
        adjust(() => parts);
        adjust(() => parts);
      });
      expect(warnings).to.have.lengthOf(1);
      expect((warnings[0] as NodeJS.ErrnoException).code).to.equal('RX_GRPC_PATCH_OFF');
      const isOff = off(
        patches.map(({ name }) => name),
        warnings[0]!.message,
      );
      expect(patches.filter((_, n) => isOff[n]).map(({ name }) => name)).to.deep.equal(names);
      const after = methodsByName(parts);
      expect(before['clientCall.destroyHttp2Stream']).to.not.equal(after['clientCall.destroyHttp2Stream']); // the others are applied
    });
  }

  it('accept a class that a minifier has rewritten', () => {
    const parts = { ...findPrivateParts()! };
    const minified = transformSync(`out.minified = ${parts.clientCall.constructor}`, { minify: true, keepNames: true });
    const out: { minified?: { prototype: PrivateParts['clientCall'] } } = {};
    new Function('out', minified.code)(out);
    Object.assign(parts, { clientCall: out.minified!.prototype });
    for (const { name, shape } of clientPatches) expect(findMisfit(parts, shape), name).to.equal(undefined);
  });

  it('are skipped when the private parts are missing, with one warning', async () => {
    const warnings = await warningsOf(async () => (await anotherCopy())(() => undefined));
    expect(warnings.map(({ message }) => message)).to.have.lengthOf(1);
    expect(warnings[0]!.message).to.match(/the private parts of @grpc\/grpc-js are missing/);
    expect(
      off(
        patches.map(({ name }) => name),
        warnings[0]!.message,
      ),
    ).to.not.include(false);
  });

  it('are switched off by RX_GRPC_ADJUST=off, without a warning', async () => {
    const parts = unused({ clientCall: s => s.replaceAll('canPush', 'mayPush') });
    process.env['RX_GRPC_ADJUST'] = 'off';
    try {
      const adjust = await anotherCopy();
      expect(await warningsOf(() => adjust(() => parts))).to.deep.equal([]);
    } finally {
      delete process.env['RX_GRPC_ADJUST'];
    }
    const states = await Promise.all([peers.inChild('on', 'state'), peers.inChild('off', 'state')]);
    expect(states).to.deep.equal([
      { patches: clientPatches.map(({ name }) => name), warnings: [] },
      { patches: [], warnings: [] },
    ]);
  });

  it('are optional: the library works on a grpc-js without private parts', async () => {
    const { notes, warnings } = await peers.inChild('on', 'unpatched');
    expect(notes).to.deep.equal([{ n: 1 }, { n: 2 }]);
    expect(warnings).to.have.lengthOf(1);
  });

  describe('in bundles', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    });
    after(() => rmSync(folder, { recursive: true }));

    for (const format of ['esm', 'cjs'] as const) {
      it(`apply inside an esbuild bundle that contains grpc-js: ${format}, minified`, async () => {
        const outfile = join(folder, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`);
        buildSync({
          entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
          outfile,
          format,
          bundle: true,
          platform: 'node',
          minify: true,
          keepNames: true,
          logLevel: 'error',
          // Required by every ES module bundle that contains CommonJS packages.
          ...(format === 'esm' && {
            banner: {
              js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
            },
          }),
        });
        const state = await peers.inChild('on', outfile, 'state');
        expect(state).to.deep.equal({ patches: clientPatches.map(({ name }) => name), warnings: [] });

        const { peer } = await peers.run();
        const outcome = peers.inChild('on', outfile, 'readSlowly', peer.target);
        const stream = await peer.stream(0);
        const messages = Array.from({ length: 500 }, (_, n) => data(stream, message({ n })));
        peer.send(responseHeaders(stream), ...messages, trailers(stream, { 'grpc-status': '5' }));
        expect(await outcome).to.deep.equal({ responses: 500, end: 'NOT_FOUND' });
      });
    }
  });

  it('apply to the grpc-js that is imported here, and to no other copy', () => {
    expect(findPrivateParts()?.clientCall).to.equal(subchannelCall.Http2SubchannelCall.prototype);
    expect(findPrivateParts({ ...modules, client: { Client: class {} } })).to.equal(undefined);
  });

  it('apply when the names exist on the default export only', () => {
    const onDefault = Object.fromEntries(Object.entries(modules).map(([name, module]) => [name, { default: module }]));
    expect(findPrivateParts(onDefault as unknown as PrivateModules)).to.deep.equal(findPrivateParts());
  });

  it('are skipped when a class is missing', () => {
    for (const name of Object.keys(modules))
      expect(findPrivateParts({ ...modules, [name]: {} }), name).to.equal(undefined);
  });

  describe('apply to the channels of this library', () => {
    /** The frames that end a cancelled idle upload. */
    async function endingsWith(open: (target: string) => any): Promise<string[]> {
      const { peer } = await peers.run();
      const client = open(peer.target);
      peers.onEnd(() => close(client));
      const { subscription } = record(client.bidi(NEVER));
      const stream = await peer.stream(0);
      subscription.unsubscribe();
      await peer.seen(({ type }) => type === RST_STREAM);
      return endings(peer.frames(stream));
    }
    const alone = [`RST_STREAM ${CANCEL}`];
    const asEver = ['END_STREAM', ...alone];

    const foreign =
      (options = {}) =>
      (target: string): unknown => {
        const client = new Client(target.replace('http://', ''), credentials.createInsecure(), options);
        peers.onEnd(() => client.close());
        return connect(Lab, client);
      };

    it('and not to a channel that opts out', async () => {
      expect(await endingsWith(target => connect(Lab, target))).to.deep.equal(alone);
      const channelOptions = { 'rx-grpc.adjusted': 0 };
      expect(await endingsWith(target => connect(Lab, target, { channelOptions }))).to.deep.equal(asEver);
    });

    it('and to foreign channels only if they opt in', async () => {
      expect(await endingsWith(foreign())).to.deep.equal(asEver);
      expect(await endingsWith(foreign({ 'rx-grpc.adjusted': 1 }))).to.deep.equal(alone);
    });
  });

  it('are the only code that touches private parts of grpc-js and Node', () => {
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
    expect(files.length).to.be.greaterThan(50);
    const privateParts =
      /@grpc\/grpc-js\/|build\/src|Http2SubchannelCall|Base\w*InterceptingCall|handleDisconnect|getRealSubchannel|http2Stream|finalStatus|statusOutput|serverEndedCall|readsClosed|unpushedReadMessages|canPush|maybeOutputStatus|readQueue|handleEndEvent|underlyingCalls|filterStack|_readableState|_writableState/;
    const touching = files.filter(file => privateParts.test(readFileSync(new URL(file, lib), 'utf8')));
    expect(touching.filter(file => !/^grpc-js[\\/]/.test(file))).to.deep.equal([]);
    expect(touching).to.include('grpc-js/private.ts');
  });
});
