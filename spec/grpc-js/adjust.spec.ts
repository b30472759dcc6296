import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { close } from '../../lib/client/client.ts';
import { connect } from '../../lib/client/connect.ts';
import { adjustGrpcJs } from '../../lib/grpc-js/adjust.ts';
import { findPrivateParts, type PrivateParts } from '../../lib/grpc-js/private.ts';
import { Lab } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { CANCEL, endings, RST_STREAM } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const lib = new URL('../../lib/', import.meta.url);
const load = createRequire(import.meta.url);

/** As another copy of the library in this process would have it. */
let copies = 0;
const anotherCopy = async (): Promise<typeof adjustGrpcJs> =>
  (await import(`../../lib/grpc-js/adjust.ts?copy=${++copies}`)).adjustGrpcJs;

/** Prototypes that nobody uses. */
function unused(version: string): PrivateParts {
  const noop = (): void => {};
  const clientCall = {
    endCall: noop,
    maybeOutputStatus: noop,
    startRead: noop,
    cancelWithStatus: noop,
    outputStatus: noop,
    destroyHttp2Stream: noop,
  };
  const subchannel = { createCall: noop };
  const serverCall = { start: noop, handleEndEvent: noop };
  return { version, clientCall, subchannel, serverCall } as unknown as PrivateParts;
}

/** What process.emitWarning was given. */
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

describe('The adjustments of grpc-js', () => {
  const peers = usePeers();

  it('are applied once, those of a client for all copies of the library in a process', async () => {
    adjustGrpcJs();
    const { clientCall, serverCall } = findPrivateParts()!;
    const [client, server] = [methodsOf(clientCall), methodsOf(serverCall)];
    adjustGrpcJs();
    expect(methodsOf(serverCall)).to.deep.equal(server);
    (await anotherCopy())();
    expect(methodsOf(clientCall)).to.deep.equal(client);
    expect(methodsOf(serverCall)).to.not.deep.equal(server); // each copy knows its own services
  });

  it('touch each of the methods that they name', async () => {
    const parts = unused('1.14.7');
    const before = { ...parts.clientCall, ...parts.subchannel, ...parts.serverCall } as Record<string, unknown>;
    (await anotherCopy())(() => parts);
    const after = { ...parts.clientCall, ...parts.subchannel, ...parts.serverCall } as Record<string, unknown>;
    expect(Object.keys(before).filter(name => before[name] === after[name])).to.deep.equal([]);
  });

  it('are made on the versions that were tested, without a word', async () => {
    for (const version of ['1.14.4', '1.14.5', '1.14.6', '1.14.7']) {
      const parts = unused(version);
      const { endCall } = parts.clientCall;
      expect(await warningsOf(async () => (await anotherCopy())(() => parts))).to.deep.equal([]);
      expect(parts.clientCall.endCall).to.not.equal(endCall);
    }
  });

  it('are not made on another version, and one warning names it', async () => {
    for (const version of ['1.14.3', '1.14.8', '1.15.0', '2.0.0']) {
      const parts = unused(version);
      const before = [methodsOf(parts.clientCall), methodsOf(parts.serverCall)];
      const warnings = await warningsOf(async () => {
        const adjust = await anotherCopy();
        adjust(() => parts);
        adjust(() => parts);
      });
      expect(warnings).to.have.lengthOf(1);
      expect(warnings[0]!.message).to.match(
        new RegExp(`^@grpc/grpc-js ${version} is not among .*RX_GRPC_ADJUST=off silences`),
      );
      expect((warnings[0] as NodeJS.ErrnoException).code).to.equal('RX_GRPC_UNTESTED');
      expect([methodsOf(parts.clientCall), methodsOf(parts.serverCall)]).to.deep.equal(before);
    }
  });

  it('are not made where the private parts are not found, and one warning says so', async () => {
    const warnings = await warningsOf(async () => (await anotherCopy())(() => undefined));
    expect(warnings.map(({ message }) => message)).to.have.lengthOf(1);
    expect(warnings[0]!.message).to.match(/^the private parts of @grpc\/grpc-js were not found/);
  });

  it('are switched off by RX_GRPC_ADJUST=off, without a word', async () => {
    const parts = unused('1.99.0');
    process.env['RX_GRPC_ADJUST'] = 'off';
    try {
      const adjust = await anotherCopy();
      expect(await warningsOf(() => adjust(() => parts))).to.deep.equal([]);
    } finally {
      delete process.env['RX_GRPC_ADJUST'];
    }
    const states = await Promise.all([peers.inChild('on', 'state'), peers.inChild('off', 'state')]);
    expect(states).to.deep.equal([
      { isAdjusted: true, warnings: [] },
      { isAdjusted: false, warnings: [] },
    ]);
  });

  it('are missed by nothing else: on a version that was not tested the library works', async () => {
    const { notes, warnings } = await peers.inChild('on', 'untested');
    expect(notes).to.deep.equal([{ n: 1 }, { n: 2 }]);
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.match(/1\.99\.0/);
  });

  it('are made to the grpc-js that is imported here, and to no other', () => {
    expect(findPrivateParts()?.version).to.equal(load('@grpc/grpc-js/package.json').version);
    const another = (id: string): unknown => (id === '@grpc/grpc-js' ? { Client: class {} } : load(id));
    expect(findPrivateParts(another)).to.equal(undefined);
  });

  it('are not made where anything is laid out differently', () => {
    const files = [
      'package.json',
      'build/src/subchannel-call.js',
      'build/src/subchannel.js',
      'build/src/server-interceptors.js',
    ];
    for (const missing of files) {
      const without = (id: string): unknown => {
        if (id === `@grpc/grpc-js/${missing}`) throw new Error(`Cannot find module '${id}'`);
        return load(id);
      };
      expect(findPrivateParts(without), missing).to.equal(undefined);
    }
    const renamed = (id: string): unknown => (id.includes('build') ? {} : load(id));
    expect(findPrivateParts(renamed)).to.equal(undefined);
  });

  describe('are for the channels of this library', () => {
    /** How a cancelled idle upload ends on the wire. */
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

    it('and not for one that asks to be left alone', async () => {
      expect(await endingsWith(target => connect(Lab, target))).to.deep.equal(alone);
      const channelOptions = { 'rx-grpc.adjusted': 0 };
      expect(await endingsWith(target => connect(Lab, target, { channelOptions }))).to.deep.equal(asEver);
    });

    it("and for somebody else's only if it asks for them", async () => {
      expect(await endingsWith(foreign())).to.deep.equal(asEver);
      expect(await endingsWith(foreign({ 'rx-grpc.adjusted': 1 }))).to.deep.equal(alone);
    });
  });

  it('are all that touches the private parts of grpc-js and of Node', () => {
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
    expect(files.length).to.be.greaterThan(50);
    const privateParts =
      /@grpc\/grpc-js\/|build\/src|Http2SubchannelCall|Base\w*InterceptingCall|handleDisconnect|getRealSubchannel|http2Stream|finalStatus|statusOutput|serverEndedCall|readsClosed|unpushedReadMessages|canPush|maybeOutputStatus|readQueue|handleEndEvent|underlyingCalls|filterStack|_readableState|_writableState/;
    const touching = files.filter(file => privateParts.test(readFileSync(new URL(file, lib), 'utf8')));
    expect(touching.filter(file => !/^grpc-js[\\/]/.test(file))).to.deep.equal([]);
    expect(touching).to.include('grpc-js/private.ts');
  });
});
