// Serves the interop test service with rx-grpc for calls at their edges. The first line that it prints is the port.
import { load, serve } from 'rx-grpc';
import { type Services, testProto } from '../messages.ts';
import { edgesService, refuse } from './service.ts';

const { TestService }: Services = await load(testProto);
const server = await serve('http://127.0.0.1:0', edgesService(TestService), { middleware: [refuse] });
console.log(server.port);
// When it ends, whoever started this program is gone.
process.stdin.resume().on('end', () => process.exit());
