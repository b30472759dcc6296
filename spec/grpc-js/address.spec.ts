import { expect } from 'chai';
import { parseAddress } from '../../lib/grpc-js/address.ts';
import { thrownBy } from '../support/record.ts';

describe('parseAddress', () => {
  it('parses http as plaintext and https as TLS', () => {
    expect(parseAddress('http://127.0.0.1:3000')).to.deep.equal({ target: '127.0.0.1:3000', tls: false });
    expect(parseAddress('https://example.org:3000')).to.deep.equal({ target: 'example.org:3000', tls: true });
    expect(parseAddress('HTTP://h:1/')).to.deep.equal({ target: 'h:1', tls: false });
    expect(parseAddress('http://[::1]:3000')).to.deep.equal({ target: '[::1]:3000', tls: false });
  });

  it('uses the default port of a URL without one', () => {
    expect(parseAddress('http://h').target).to.equal('h:80');
    expect(parseAddress('http://h:80').target).to.equal('h:80');
    expect(parseAddress('https://h').target).to.equal('h:443');
    expect(parseAddress('http://h:0').target).to.equal('h:0');
  });

  it('leaves every other target to grpc-js', () => {
    for (const target of ['h:3000', 'dns:///h:3000', 'unix:/run/s', 'ipv4:127.0.0.1:1', 'xds:x']) {
      expect(parseAddress(target)).to.deep.equal({ target, tls: undefined });
    }
  });

  it('refuses a URL with more than host and port, and says so', () => {
    for (const address of ['http://h/path', 'http://h?q', 'http://h#f', 'http://user@h', 'https://u:p@h']) {
      expect(thrownBy(() => parseAddress(address)).message).to.match(/more than a host and a port/);
    }
  });

  it('refuses what is no address, and shows what one looks like', () => {
    for (const address of ['http://', 'http://h:99999', 'http://a b', '', undefined, null, 3000, {}]) {
      const error = thrownBy(() => parseAddress(address as string));
      expect(error, String(address)).to.be.an.instanceOf(TypeError);
      expect(error.message).to.match(/http/);
    }
  });
});
