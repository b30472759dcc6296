// The server under test: reads from stdin how to serve, tells on stdout where, and serves until SIGTERM.
import { serve } from 'rx-grpc';
import { loadProtos, type ServerCompatRequest } from './messages.ts';
import { conformanceService } from './service.ts';
import { readSized, writeSized } from './sized-messages.ts';

const HOST = '127.0.0.1';

const protos = await loadProtos();
const { value: bytes } = await readSized(process.stdin).next();
const { useTls, serverCreds, clientTlsCert, messageReceiveLimit }: ServerCompatRequest =
  protos.ServerCompatRequest.decode(bytes as Buffer);

const server = await serve(`${useTls ? 'https' : 'http'}://${HOST}:0`, conformanceService(protos), {
  ...(useTls && { tls: { ...serverCreds!, ...(clientTlsCert.length > 0 && { ca: clientTlsCert }) } }),
  ...(messageReceiveLimit > 0 && { serverOptions: { 'grpc.max_receive_message_length': messageReceiveLimit } }),
  onError: () => {}, // the suite knows which errors it provokes
});
writeSized(
  process.stdout,
  protos.ServerCompatResponse.encode({ host: HOST, port: server.port, pemCert: serverCreds?.cert }),
);
process.once('SIGTERM', () => process.exit());
