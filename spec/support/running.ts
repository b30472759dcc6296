import {
  type ClientOf,
  type ConnectOptions,
  close,
  connect,
  type Implementation,
  implement,
  type ServeOptions,
  type Server,
  serve,
} from '../../lib/index.ts';
import { Lab } from './lab.ts';

/** A server of the lab service and its client, over a real socket. */
export interface Running extends AsyncDisposable {
  readonly server: Server;
  readonly client: ClientOf<typeof Lab>;
}

/** Serves the lab service with this implementation and connects to it; disposal closes both. */
export async function running(
  implementation: Partial<Implementation<typeof Lab>>,
  serveOptions: ServeOptions = {},
  connectOptions: ConnectOptions = {},
): Promise<Running> {
  const server = await serve('http://127.0.0.1:0', implement.partial(Lab, implementation), serveOptions);
  const client = connect(Lab, server.target, connectOptions);
  return {
    server,
    client,
    [Symbol.asyncDispose]: async () => {
      close(client);
      await server.shutdown({ graceMs: 0 });
    },
  };
}
