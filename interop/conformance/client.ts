// The client under test: makes the calls that it reads from stdin, several at a time, and tells on stdout what became of them.
import { type ClientOf, type Compression, close, connect } from 'rx-grpc';
import { makeCall } from './make-call.ts';
import { type ClientCompatRequest, loadProtos, type Protos, type Result } from './messages.ts';
import { readSized, writeSized } from './sized-messages.ts';

const CALLS_AT_A_TIME = 8;
const compressions: Readonly<Record<number, Compression>> = { 1: 'identity', 2: 'gzip', 5: 'deflate' };

const protos = await loadProtos();
const running = new Set<Promise<void>>();
process.once('SIGTERM', () => process.exit());

for await (const bytes of readSized(process.stdin)) {
  const plan: ClientCompatRequest = protos.ClientCompatRequest.decode(bytes);
  const call = make(plan).then(result => {
    writeSized(process.stdout, protos.ClientCompatResponse.encode({ testName: plan.testName, result }));
    running.delete(call);
  });
  running.add(call);
  if (running.size === CALLS_AT_A_TIME) await Promise.race(running);
}
await Promise.all(running);

async function make(plan: ClientCompatRequest): Promise<Result> {
  try {
    const client = clientFor(plan);
    const value = await makeCall(client, protos, plan);
    close(client);
    return { case: 'response', value };
  } catch (error) {
    return { case: 'error', value: { message: String(error) } };
  }
}

function clientFor(plan: ClientCompatRequest): ClientOf<Protos['ConformanceService']> {
  const { host, port, serverTlsCert, clientTlsCreds, compression, messageReceiveLimit } = plan;
  const isTls = serverTlsCert.length > 0;
  return connect(protos.ConformanceService, `${isTls ? 'https' : 'http'}://${host}:${port}`, {
    compression: compressions[compression],
    ...(isTls && { tls: { ca: serverTlsCert, ...clientTlsCreds } }),
    ...(messageReceiveLimit > 0 && { channelOptions: { 'grpc.max_receive_message_length': messageReceiveLimit } }),
  });
}
