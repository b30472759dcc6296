import { join } from 'node:path';
import { expect } from 'chai';
import { plugin } from '../../../cli/plugin/plugin.ts';
import { protobufjsDirs } from '../../../lib/codec/read-proto.ts';
import { load } from '../../../lib/index.ts';
import { Project } from '../command/support/project.ts';

interface Response {
  readonly error: string | undefined;
  readonly supportedFeatures: bigint;
  readonly minimumEdition: number;
  readonly maximumEdition: number;
  readonly file: readonly { readonly name: string; readonly content: string }[];
}

async function ask(request: object): Promise<Response> {
  const types = await load(join(protobufjsDirs[0]!, 'google/protobuf/compiler/plugin.proto'), {
    includeDirs: protobufjsDirs,
  });
  return types.CodeGeneratorResponse.decode(await plugin(types.CodeGeneratorRequest.encode(request)));
}

const users = {
  name: 'users.proto',
  package: 'users',
  syntax: 'proto3',
  messageType: [{ name: 'User', field: [{ name: 'user_id', number: 1, label: 1, type: 9, jsonName: 'userId' }] }],
};

describe('protoc-gen-rx-grpc', () => {
  it('declares support for proto3 optional, and for editions from proto2 to 2024', async () => {
    const { supportedFeatures, minimumEdition, maximumEdition } = await ask({});
    expect({ supportedFeatures, minimumEdition, maximumEdition }).to.deep.equal({
      supportedFeatures: 3n,
      minimumEdition: 998,
      maximumEdition: 1001,
    });
  });

  it('generates the same from descriptors without comments and positions as the command from a file without them', async () => {
    using project = new Project({
      'users.proto': 'syntax = "proto3"; package users; message User { string user_id = 1; }',
    });
    await project.run('generate', './users.proto', '--out', './gen');
    const { file, error } = await ask({ protoFile: [users], fileToGenerate: ['users.proto'] });
    expect(error).to.equal(undefined);
    expect(file).to.deep.equal([
      {
        name: 'users.ts',
        content: project.read('gen/users.ts'),
        insertionPoint: undefined,
        generatedCodeInfo: undefined,
      },
    ]);
  });

  it('generates nothing that was not requested', async () => {
    expect((await ask({ protoFile: [users] })).file).to.deep.equal([]);
  });

  it('answers with an error for an invalid option', async () => {
    for (const [parameter, error] of [
      ['int64=long', 'rx-grpc: int64: expected bigint, string, number, got "long"'],
      ['int64', 'rx-grpc: int64: expected bigint, string, number, got ""'],
      ['import_extension=mjs', 'rx-grpc: import_extension: expected js, ts, none, got "mjs"'],
      ['__proto__=1', 'rx-grpc: unknown option "__proto__", expected int64 or import_extension'],
    ]) {
      const response = await ask({ parameter, protoFile: [users], fileToGenerate: ['users.proto'] });
      expect(response).to.deep.include({ error, file: [] });
    }
    expect((await ask({ parameter: ' int64=string, ,import_extension=ts' })).error).to.equal(undefined);
  });

  it('answers with an error for a file that cannot be expressed in TypeScript, or has an unknown edition', async () => {
    const method = { inputType: '.users.User', outputType: '.users.User' };
    const service = {
      name: 'Users',
      method: [
        { name: 'Get', ...method },
        { name: 'get', ...method },
      ],
    };
    const collision = await ask({ protoFile: [{ ...users, service: [service] }], fileToGenerate: ['users.proto'] });
    expect(collision.error).to.match(/^rx-grpc: .*users\.proto.*get/s);
    const later = { ...users, syntax: 'editions', edition: 99_999 };
    const { error } = await ask({ protoFile: [later], fileToGenerate: ['users.proto'] });
    expect(error).to.match(/^rx-grpc: users\.proto: unknown edition/);
  });

  it('fails when its input is not a request', async () => {
    const error = await plugin(Uint8Array.of(0xff)).then(
      () => expect.fail('it answered'),
      failure => failure,
    );
    expect(error).to.be.instanceOf(Error);
  });
});
