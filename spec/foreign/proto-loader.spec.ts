import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fullNote, proto } from './support/notes.ts';
import { tool, works } from './support/works.ts';

const { choice, ...others } = fullNote;
const theirs = {
  ...others,
  where: choice.value,
  bigNumber: String(fullNote.bigNumber),
  at: { seconds: '1600000000', nanos: 500_000_000 },
};
const read = () => loadSync(proto, { longs: String, enums: String, defaults: true, oneofs: true });

describe('A service in a package definition of proto-loader', () => {
  works(() => tool({ proto, service: async () => read()['notes.v1.Notes'], full: () => ({ theirs, ours: fullNote }) }));
});

describe('A service in the packages that grpc-js makes of it', () => {
  works(() => {
    const { notes }: any = loadPackageDefinition(read());
    return tool({ proto, service: async () => notes.v1.Notes.service, full: () => ({ theirs, ours: fullNote }) });
  });
});
