import { expect } from 'chai';
import { methodsOf } from '../../lib/core/service.ts';
import { serviceOf } from '../../lib/foreign/service-of.ts';
import { Lab } from '../support/lab.ts';
import { thrownBy } from '../support/record.ts';

const type = {
  encode: (value: unknown) => ({ finish: () => new TextEncoder().encode(JSON.stringify(value)) }),
  decode: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)),
};
const generic = (requestType: unknown, name = 'Do') => ({
  name: 'Users',
  fullName: 'a.Users',
  methods: { do: { name, requestType, requestStream: false, responseType: type, responseStream: true, options: {} } },
});

describe('serviceOf', () => {
  it('returns a grpc-js definition unchanged', () => {
    expect(serviceOf(Lab)).to.equal(Lab);
  });

  it('accepts a service with methods named like the properties of a description', () => {
    const service = { methods: Lab.unary, fullName: Lab.bidi, typeName: Lab.bidi, kind: Lab.bidi };
    expect(serviceOf(service)).to.equal(service);
    expect(methodsOf(service).map(([name]) => name)).to.deep.equal(['methods', 'fullName', 'typeName', 'kind']);
  });

  it('sends complete messages when a generic definition has no fromPartial', () => {
    const method = serviceOf(generic(type))['do']!;
    expect(method).to.include({ path: '/a.Users/Do', requestStream: false, responseStream: true });
    expect(method.requestSerialize({ n: 1 }).toString()).to.equal('{"n":1}');
    expect(method.responseDeserialize(Buffer.from('{"n":2}'))).to.deep.equal({ n: 2 });
  });

  it('completes messages with fromPartial', () => {
    const completed = { ...type, fromPartial: (value: object) => ({ n: 0, ...value }) };
    expect(serviceOf(generic(completed))['do']!.requestSerialize({}).toString()).to.equal('{"n":0}');
  });

  it('returns a Buffer of exactly the encoded bytes', () => {
    const part = { ...type, encode: () => ({ finish: () => Uint8Array.of(1, 2, 3, 4).subarray(1, 3) }) };
    expect(serviceOf(generic(part))['do']!.requestSerialize({})).to.deep.equal(Buffer.of(2, 3));
  });

  it('refuses messages that cannot be encoded, and names their method', () => {
    for (const wrong of [undefined, {}, { encode: type.encode }, { decode: type.decode }]) {
      const error = thrownBy(() => serviceOf(generic(wrong)));
      expect(error).to.be.an.instanceOf(TypeError);
      expect(error.message).to.match(/^\/a\.Users\/Do: expected messages with encode and decode;.*outputEncodeMethods/);
    }
  });
});

describe('methodsOf', () => {
  it('finds the service in a client class', () => {
    const client = Object.assign(class {}, { service: Lab });
    expect(thrownBy(() => methodsOf(client)).message).to.match(/got a function; its \.service is one$/);
    expect(thrownBy(() => methodsOf(class {})).message).to.match(/got a function$/);
  });

  it('refuses a description without methods', () => {
    for (const empty of [
      { fullName: 'a.B', methods: {} },
      { typeName: 'a.B', methods: [] },
      { kind: 'service', typeName: 'a.B', methods: [] },
    ]) {
      expect(thrownBy(() => methodsOf(empty)).message).to.match(/^expected a service/);
    }
  });

  it('refuses two RPCs with one name', () => {
    const error = thrownBy(() => methodsOf({ Unary: Lab.unary, unary: Lab.bidi }));
    expect(error).to.be.an.instanceOf(TypeError);
    expect(error.message).to.equal('two RPCs of a service would be called unary: /lab.Lab/Unary and /lab.Lab/Bidi');
  });
});
