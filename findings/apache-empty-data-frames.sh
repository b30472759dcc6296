#!/usr/bin/env bash
# A Node gRPC client loses its connection once in every thousand calls through Apache.
#
# Versions:  Apache httpd 2.4.71 (Debian 12: apache2 2.4.71-1~deb12u1; mod_http2, mod_proxy_http2), @grpc/grpc-js 1.14.4, Node 20 or later.
# Behaviour: mod_http2 writes an empty DATA frame between the last message and the trailers of each proxied response. Node's
#            HTTP/2 client counts empty DATA frames without END_STREAM as invalid (its guard against CVE-2019-9518), over the
#            whole life of a connection. The frame after the thousandth ends the connection and each stream that runs on it
#            with "Too many invalid HTTP/2 frames". grpc-js reports INTERNAL, a status that retry policies leave alone.
# Seen:      2,500 calls, one after another: 2498 OK, 2 INTERNAL, the first after about 1,000 calls.
# Guessed:   2,500 OK. The calls are valid and small, and neither program has anything to complain of.
set -euo pipefail
for program in node npm /usr/sbin/apache2; do
  command -v "$program" >/dev/null || { echo "missing: $program (Debian: apt-get install apache2)"; exit 2; }
done
work=$(mktemp -d); chmod 755 "$work"
apache=
finish() { [ -z "$apache" ] || { kill "$apache" 2>/dev/null; wait "$apache" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT
cd "$work"
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.4 >/dev/null
read -r front back < <(node -e '
const net = require("node:net"), a = net.createServer().listen(0, "127.0.0.1", () => {
  const b = net.createServer().listen(0, "127.0.0.1", () => {
    console.log(a.address().port, b.address().port); a.close(); b.close(); }); });')
modules=/usr/lib/apache2/modules
cat >apache.conf <<C
ServerRoot $work
ServerName localhost
PidFile $work/pid
DefaultRuntimeDir $work
ErrorLog $work/error.log
$([ "$(id -u)" -ne 0 ] || printf 'User www-data\nGroup www-data')
$(for name in mpm_event authz_core http2 proxy proxy_http2; do echo "LoadModule ${name}_module $modules/mod_$name.so"; done)
Listen 127.0.0.1:$front
Protocols h2c
ProxyPass "/" "h2c://127.0.0.1:$back/"
C
/usr/sbin/apache2 -f "$work/apache.conf" -D FOREGROUND & apache=$!
cat >calls.js <<'C'
const grpc = require('@grpc/grpc-js');
const [front, back] = process.argv.slice(2);
const bytes = value => value;
const definition = { echo: { path: '/e.Echo/Echo', requestStream: false, responseStream: false,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } };
const server = new grpc.Server();
server.addService(definition, { echo: (call, done) => done(null, call.request) });
const Client = grpc.makeGenericClientConstructor(definition, 'Echo');
server.bindAsync(`127.0.0.1:${back}`, grpc.ServerCredentials.createInsecure(), async () => {
  for (const [name, port] of [['direct', back], ['apache', front]]) {
    const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    await new Promise((resolve, reject) => client.waitForReady(Date.now() + 10_000, e => e ? reject(e) : resolve()));
    const seen = {};
    for (let i = 0; i < 2500; i++) {
      const status = await new Promise(resolve => client.echo(Buffer.from('x'), { deadline: Date.now() + 10_000 },
        error => resolve(error ? `${grpc.status[error.code]}: ${error.details}` : 'OK')));
      seen[status] = (seen[status] ?? 0) + 1;
    }
    console.log(name, JSON.stringify(seen));
    const bad = Object.keys(seen).filter(status => status !== 'OK');
    const isAsDescribed = name === 'direct' ? bad.length === 0
      : bad.length === 1 && /^INTERNAL: .*Too many invalid HTTP\/2 frames/.test(bad[0]) && seen[bad[0]] === 2;
    if (!isAsDescribed) { console.log('changed'); process.exit(1); }
    client.close();
  }
  process.exit(0);
});
C
timeout 120 node calls.js "$front" "$back"
