import { deepStrictEqual } from 'node:assert';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { load } from '../../lib/index.ts';
import { protos } from './oracle.ts';

async function failure(...args: Parameters<typeof load>): Promise<Error> {
  return load(...args).then(
    () => expect.fail('it loaded'),
    error => error,
  );
}

describe('load', () => {
  it('returns services, enums and messages by full and simple name, in an object without prototype', async () => {
    const loaded = await load(`${protos}rich.proto`);
    expect(Object.getPrototypeOf(loaded)).to.equal(null);
    expect(loaded['rich.Color']).to.equal(loaded.Color);
    deepStrictEqual(loaded.Color, { NONE: 0, RED: 1, BLUE: -5 });
    expect(Object.isFrozen(loaded.Color)).to.equal(true);
    expect(loaded.Tree.typeName).to.equal('rich.Tree');
    expect(loaded['rich.Newer.Sub']).to.equal(loaded.Sub);
  });

  it('returns the methods of a service, named as on clients, with path, shape and codecs', async () => {
    const { Users } = await load(`${protos}users.proto`);
    expect(Object.keys(Users)).to.deep.equal(['getUser', 'listUsers', 'createUsers', 'chat']);
    expect(Users.getUser).to.include({ path: '/users.Users/GetUser', requestStream: false, responseStream: false });
    expect(Users.listUsers).to.include({ path: '/users.Users/ListUsers', requestStream: false, responseStream: true });
    expect(Users.createUsers).to.include({
      path: '/users.Users/CreateUsers',
      requestStream: true,
      responseStream: false,
    });
    expect(Users.chat).to.include({ path: '/users.Users/Chat', requestStream: true, responseStream: true });
    expect(Users.listUsers.responseDeserialize(Users.getUser.requestSerialize({ id: '1' }))).to.deep.equal({
      id: '1',
      age: 0,
    });
    deepStrictEqual(Users.listUsers.requestDeserialize(Users.createUsers.responseSerialize({})), {});
    expect(() => Users.getUser.requestSerialize({ age: 'x' })).to.throw(
      TypeError,
      'users.User.age: expected an integer',
    );
  });

  it('supports paths without a package', async () => {
    const { Pinger } = await load(`${protos}nopackage.proto`);
    expect(Pinger.ping.path).to.equal('/Pinger/Ping');
  });

  it('accepts several files, each once', async () => {
    const loaded = await load([
      `${protos}users.proto`,
      `${protos}nopackage.proto`,
      relative('.', `${protos}users.proto`),
    ]);
    expect(loaded).to.include.keys('users.Users', 'Pinger');
  });

  it('separates files that declare the same names', async () => {
    const [left, right] = await Promise.all([load(`${protos}same/left.proto`), load(`${protos}same/right.proto`)]);
    deepStrictEqual(left.Thing.decode(left.Thing.encode({ left: 'a' })), { left: 'a' });
    deepStrictEqual(right.Thing.decode(right.Thing.encode({ right: 5 })), { right: 5n });
    deepStrictEqual(left.Things.get.requestDeserialize(left.Things.get.responseSerialize({ left: 'b' })), {
      left: 'b',
    });
  });

  it('finds imports in includeDirs, beside the importer and among those of protobufjs, and skips missing weak imports', async () => {
    const loaded = await load(`${protos}imports/main.proto`, { includeDirs: [`${protos}include`] });
    deepStrictEqual(loaded.Main.decode(loaded.Main.encode({ thing: { deep: 'a' }, other: { shared: 'b' }, kind: 1 })), {
      thing: { deep: 'a', kind: 0 },
      other: { shared: 'b' },
      kind: 1,
    });
    expect(loaded.Mains.get.path).to.equal('/main.Mains/Get');
    expect(loaded).to.have.property('google.protobuf.FieldOptions');
  });

  it('finds files in includeDirs', async () => {
    expect(await load('shared.proto', { includeDirs: [`${protos}include`] })).to.have.property('shared.Thing');
  });

  it('omits ambiguous simple names', async () => {
    const loaded = await load(`${protos}imports/main.proto`, { includeDirs: [`${protos}include`] });
    expect(loaded).not.to.have.property('Thing');
    expect(loaded).to.include.keys('deep.Thing', 'shared.Thing');
  });

  it('includes the well-known types', async () => {
    const { Known } = await load(`${protos}rich.proto`);
    const value = {
      timestamp: { seconds: 1_700_000_000n, nanos: 5 },
      text: { value: '' },
      any: { typeUrl: 'type.googleapis.com/x', value: Uint8Array.of(1) },
      duration: { seconds: -3n, nanos: 0 },
      empty: {},
      mask: { paths: ['a', 'b'] },
      struct: {
        fields: {
          list: { kind: { case: 'listValue', value: { values: [{ kind: { case: 'nullValue', value: 0 } }] } } },
          number: { kind: { case: 'numberValue', value: 1.5 } },
        },
      },
    };
    deepStrictEqual(Known.decode(Known.encode(value)), value);
  });

  it('accepts file URLs as well as paths', async () => {
    const { User } = await load(new URL('../../protos/users.proto', import.meta.url));
    expect(User.typeName).to.equal('users.User');
  });

  describe('fails', () => {
    const bad = (name: string): string => relative('.', join(protos, 'bad', name));

    it('with file, line and the unexpected token when a file is malformed', async () => {
      expect((await failure(bad('token.proto'))).message).to.equal(
        `${bad('token.proto')}:6:3: illegal token 'strin%g', expected a field, message, enum, oneof, extend, option, reserved, extensions or }`,
      );
      expect((await failure(bad('semicolon.proto'))).message).to.equal(
        `${bad('semicolon.proto')}:4:3: illegal token 'string', ';' expected`,
      );
      expect((await failure(bad('unfinished.proto'))).message).to.match(
        /unfinished\.proto:3:17: unexpected end of the file, '}' expected$/,
      );
      expect((await failure(bad('duplicate.proto'))).message).to.match(
        /^spec\/.*duplicate\.proto:4:10: duplicate name 'id' in Type User, which line 3 declares$/,
      );
    });

    it('with the importer and the searched places when a file is not found', async () => {
      const { message } = await failure(bad('import.proto'), { includeDirs: ['other'] });
      expect(message).to.match(
        /^spec\/.*import\.proto:2:8: imports "missing\.proto", which is not found: other\/missing\.proto, spec\//,
      );
      expect((await failure('none.proto', { includeDirs: ['a'] })).message).to.equal(
        'not found: none.proto, a/none.proto',
      );
    });

    it('with the field or RPC when its type is not found', async () => {
      expect((await failure(bad('type.proto'))).message).to.equal(
        `${bad('type.proto')}:4:3: bad.User.address: no message or enum is named "Address"`,
      );
      expect((await failure(bad('rpc.proto'))).message).to.equal(
        `${bad('rpc.proto')}:5:26: bad.Users.Get: no message is named "Usr"`,
      );
    });

    it('when a field has an invalid number, or two RPCs would have one name', async () => {
      expect((await failure(bad('number.proto'))).message).to.equal(
        `${bad('number.proto')}:3:10: User.id: its number must be from 1 to 536870911, it is 0`,
      );
      expect((await failure(bad('collision.proto'))).message).to.equal('Users: two of its RPCs would be called get');
    });

    it('when a folder is given as a file', async () => {
      expect((await failure(`${protos}bad`)).message).to.match(/bad: cannot be read: EISDIR/);
    });

    it('with a TypeError for an argument of the wrong kind', async () => {
      for (const [args, message] of [
        [[[]], 'load: expected at least one file, got none'],
        [[5], 'load: expected each of files to be a path or a file URL, got number 5'],
        [[undefined], 'load: expected each of files to be a path or a file URL, got undefined'],
        [[['a.proto', null]], 'load: expected each of files to be a path or a file URL, got null'],
        [[''], 'load: expected each of files to be a path or a file URL, got string ""'],
        [['a.proto', { includeDirs: 'protos' }], 'load: expected includeDirs to be strings, got string "protos"'],
      ] as const) {
        const error = await failure(...(args as unknown as Parameters<typeof load>));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.equal(message);
      }
      expect(await failure('a.proto', 5 as never)).to.be.instanceOf(TypeError);
      expect(await failure('a.proto', { includedirs: [] } as never)).to.be.instanceOf(TypeError);
    });
  });
});
