// Serves users.Users with grpc-js alone: answers each request, only the first one, or an upload at its end. Tells what it saw.
import {
  type handleBidiStreamingCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { pathOf } from '../peers/peer.ts';
import { answerCommands } from './commands.ts';
import { newRecord, PLAN, type Plan, print } from './plan.ts';

const CANCELLED = 1;
const { Users } = loadPackageDefinition(loadSync(pathOf('protos/users.proto')))['users'] as unknown as {
  Users: ServiceClientConstructor;
};

const createUser: handleBidiStreamingCall<object, object> = call => {
  const plan: Plan = JSON.parse(String(call.metadata.get(PLAN)[0]));
  const record = newRecord(plan.call);
  print(record);
  const end = (): void => {
    if (record.event === 'ended') return;
    record.event = 'ended';
    print(record);
  };
  call
    .on('data', () => {
      record.received++;
      if (plan.shape === 'exchange') call.write({ userId: String(record.sent++) });
      if (plan.act === 'first') call.end();
    })
    .on('end', () => {
      record.completed = true; // here such a server commits
      if (plan.shape === 'upload') call.write({ userId: String(record.sent++) });
      call.end();
      end();
    })
    .on('cancelled', () => {
      record.code = CANCELLED;
      end();
    })
    .on('error', () => {});
};

const server = new Server();
server.addService(Users.service, { createUser });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  print(port);
});
answerCommands(new Map());
