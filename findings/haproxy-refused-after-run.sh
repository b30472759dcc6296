#!/usr/bin/env bash
# HAProxy refuses as "not processed" a call that has run, and the client runs it again.
#
# Versions:  HAProxy 2.6.12 (Debian 12: haproxy 2.6.12-1+deb12u4), @grpc/grpc-js 1.14.4, Node 20 or later.
# Behaviour: When the headers of a response do not fit into tune.bufsize (16 KiB), HAProxy resets the client's stream with
#            REFUSED_STREAM. RFC 9113 (8.7) has that code say that nothing was processed, so gRPC clients repeat such a call by
#            themselves, transparently, whatever their retry policy (gRFC A6). Here the handler had run and answered.
# Seen:      one call, of a client without a retry policy: its handler runs 2 times, then UNAVAILABLE "Stream refused by server".
#            Direct: runs 1 time, OK.
# Guessed:   runs 1 time, and a 502 (HAProxy's own answer to HTTP/1.1 clients for such a response).
set -euo pipefail
for program in node npm /usr/sbin/haproxy; do
  command -v "$program" >/dev/null || { echo "missing: $program (Debian: apt-get install haproxy)"; exit 2; }
done
work=$(mktemp -d)
haproxy=
finish() { [ -z "$haproxy" ] || { kill "$haproxy" 2>/dev/null; wait "$haproxy" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT
cd "$work"
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.4 >/dev/null
read -r front back < <(node -e '
const net = require("node:net"), a = net.createServer().listen(0, "127.0.0.1", () => {
  const b = net.createServer().listen(0, "127.0.0.1", () => {
    console.log(a.address().port, b.address().port); a.close(); b.close(); }); });')
cat >haproxy.cfg <<C
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend f
  bind 127.0.0.1:$front proto h2
  default_backend b
backend b
  server one 127.0.0.1:$back proto h2
C
/usr/sbin/haproxy -db -f haproxy.cfg >haproxy.log 2>&1 & haproxy=$!
cat >calls.js <<'C'
const grpc = require('@grpc/grpc-js');
const [front, back] = process.argv.slice(2);
const bytes = value => value;
const definition = { pay: { path: '/b.Bank/Pay', requestStream: false, responseStream: false,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } };
let runs = 0;
const server = new grpc.Server();
server.addService(definition, {
  pay(call, done) {
    runs++;
    const headers = new grpc.Metadata();
    for (let i = 0; i < 10; i++) headers.set(`receipt-${i}`, 'x'.repeat(3000));
    call.sendMetadata(headers);
    done(null, call.request);
  },
});
const Bank = grpc.makeGenericClientConstructor(definition, 'Bank');
server.bindAsync(`127.0.0.1:${back}`, grpc.ServerCredentials.createInsecure(), async () => {
  const seen = {};
  for (const [name, port] of [['direct', back], ['HAProxy', front]]) {
    const client = new Bank(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    await new Promise((resolve, reject) => client.waitForReady(Date.now() + 10_000, e => (e ? reject(e) : resolve())));
    runs = 0;
    const status = await new Promise(resolve => client.pay(Buffer.from('x'), { deadline: Date.now() + 10_000 },
      error => resolve(error ? `${grpc.status[error.code]}: ${error.details}` : 'OK')));
    seen[name] = { runs, status };
    client.close();
  }
  console.log(JSON.stringify(seen));
  const isAsDescribed = seen.direct.runs === 1 && seen.direct.status === 'OK'
    && seen.HAProxy.runs > 1 && seen.HAProxy.status.startsWith('UNAVAILABLE');
  if (!isAsDescribed) console.log('changed');
  process.exit(isAsDescribed ? 0 : 1);
});
C
timeout 60 node calls.js "$front" "$back"
