#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7 on Node 26.10.0: a client cannot reach a TLS server by its IP address.
#
# Behaviour: grpc-js gives the host of the target to tls.connect() as `servername`, an IP address too. Node 20 warns once (DEP0123) and
# connects. Node 26 throws ERR_INVALID_ARG_VALUE, and the call ends with UNAVAILABLE, although the certificate has the address
# (subjectAltName IP:127.0.0.1) and is trusted. A name instead of the address (localhost) works on both.
#
# Output seen:
#   node 20.20.2 127.0.0.1: OK
#   node 20.20.2 localhost: OK
#   node 26.10.0 127.0.0.1: 14 UNAVAILABLE: ... The property 'options.servername' Setting the TLS ServerName to an IP address is not permitted.. Received '127.0.0.1'...
#   node 26.10.0 localhost: OK
#
# One would have guessed that the server name is left out for an IP address (RFC 6066, section 3), and that the address is checked
# against the certificate, as https.get('https://127.0.0.1') does on both versions.
#
# Exits 0 if that is so, and 1 if it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7 node20@npm:node@20.20.2 node26@npm:node@26.10.0 > /dev/null 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
  -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2> /dev/null

cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const grpc = require('@grpc/grpc-js');
const [key, cert] = ['key.pem', 'cert.pem'].map(name => readFileSync(name));
const identity = bytes => bytes;
const definition = {
  echo: {
    path: '/lab.Lab/Echo', requestStream: false, responseStream: false,
    requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity,
  },
};
const server = new grpc.Server();
server.addService(definition, { echo: (call, done) => done(null, call.request) });
const credentials = grpc.ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }], false);
server.bindAsync('127.0.0.1:0', credentials, async (error, port) => {
  if (error) throw error;
  const Client = grpc.makeGenericClientConstructor(definition, 'Lab');
  for (const host of ['127.0.0.1', 'localhost']) {
    const client = new Client(`${host}:${port}`, grpc.credentials.createSsl(cert));
    const answer = await new Promise(resolve => {
      client.echo(Buffer.from('x'), { deadline: Date.now() + 10_000 }, failure => resolve(failure?.message ?? 'OK'));
    });
    console.log(`node ${process.versions.node} ${host}: ${answer}`);
    client.close();
  }
  server.forceShutdown();
});
JS

{
  timeout 60 node_modules/node20/bin/node try.cjs
  timeout 60 node_modules/node26/bin/node try.cjs
} 2> /dev/null | tee output.txt

grep -q '^node 20.20.2 127.0.0.1: OK$' output.txt
grep -q '^node 20.20.2 localhost: OK$' output.txt
grep -q '^node 26.10.0 127.0.0.1: 14 UNAVAILABLE: .*ServerName to an IP address is not permitted' output.txt
grep -q '^node 26.10.0 localhost: OK$' output.txt
