import { ADJUSTED } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateConnector } from './private.ts';

/**
 * Keeps the 'remoteSettings' events of a session coming, because a server may allow more streams later.
 *
 * Problem: after the first SETTINGS of a new HTTP/2 session, grpc-js removes all listeners of the session. One of them
 * is Node's own, which notices that somebody listens for 'remoteSettings'; without it, the event never comes again.
 * Upstream: none found for grpc-node.
 * Fix: the patch adds Node's listener again. {@link waitsForPlace} needs the event.
 * Remove it when spec/grpc-js/waits-for-place.spec.ts passes without it.
 */
export const hearsSettings: Patch = {
  name: 'hears-settings',
  without: 'calls that wait for a stream do not begin when the server allows more streams, but when another call ends',
  shape: { connector: { methods: { createSession: 3 }, properties: ['session'] } },
  apply: ({ connector }) => keepListener(connector),
};

function keepListener(proto: PrivateConnector): void {
  const { createSession } = proto;
  proto.createSession = async function (this: PrivateConnector, connected, address, options) {
    const made = createSession.call(this, connected, address, options);
    const { session } = this;
    const noticing = session?.listeners('newListener') ?? [];
    const transport = await made;
    if (options[ADJUSTED] === 1) {
      for (const notice of noticing) transport.session.on('newListener', notice as () => void);
    }
    return transport;
  };
}
