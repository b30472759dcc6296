#!/usr/bin/env bash
# Six quiet gRPC streams through Apache stop every other call of their connection.
#
# Versions:  Apache httpd 2.4.71 (Debian 12: apache2 2.4.71-1~deb12u1; mod_http2, mod_proxy_http2), @grpc/grpc-js 1.14.4, Node 20 or later.
# Behaviour: Apache announces SETTINGS_MAX_CONCURRENT_STREAMS 100, and works at six streams of a new connection at a time; the
#            number grows only as streams end. A stream holds its place while it is open, whether anything moves on it or not.
#            Six subscriptions that stay open take all places, and each further call of that client waits, with no error.
# Seen:      beside 5 streams: OK. Beside 6 streams: DEADLINE_EXCEEDED; the same call on a second connection: OK.
# Guessed:   OK each time: HTTP/2 multiplexes, and 100 streams were promised.
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
const of = (name, isStream) => ({ path: `/e.Echo/${name}`, requestStream: false, responseStream: isStream,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes });
const definition = { echo: of('Echo', false), watch: of('Watch', true) };
const server = new grpc.Server();
server.addService(definition, {
  echo: (call, done) => done(null, call.request),
  watch: call => void call.write(call.request), // one message, and the stream stays open
});
const Client = grpc.makeGenericClientConstructor(definition, 'Echo');
const made = [];
const connect = () => {
  const client = new Client(`127.0.0.1:${front}`, grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  made.push(client);
  return new Promise((resolve, reject) => client.waitForReady(Date.now() + 10_000, e => (e ? reject(e) : resolve(client))));
};
const x = Buffer.from('x');
const echo = client => new Promise(resolve =>
  client.echo(x, { deadline: Date.now() + 5_000 }, error => resolve(error ? grpc.status[error.code] : 'OK')));
const watch = client => new Promise(resolve => client.watch(x).on('error', () => {}).once('data', resolve));
server.bindAsync(`127.0.0.1:${back}`, grpc.ServerCredentials.createInsecure(), async () => {
  const seen = {};
  for (const count of [5, 6]) {
    const client = await connect();
    await Promise.all(Array.from({ length: count }, () => watch(client)));
    seen[`beside ${count} streams`] = await echo(client);
  }
  seen['on a second connection'] = await echo(await connect());
  console.log(JSON.stringify(seen));
  const isAsDescribed = Object.values(seen).join() === 'OK,DEADLINE_EXCEEDED,OK';
  if (!isAsDescribed) console.log('changed');
  process.exit(isAsDescribed ? 0 : 1);
});
C
timeout 60 node calls.js "$front" "$back"
