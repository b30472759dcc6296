#!/usr/bin/env bash
# Node 22 and later, as an HTTP/2 server: with a limit of concurrent streams, a request that waited for its turn is refused when
# another one is cancelled, with a code that does not say "refused".
#
# Versions: node 22.23.3 (26.10.0 does the same; 20.20.2 serves it), @grpc/grpc-js 1.14.7 on both sides.
# Behaviour: the server allows one stream (grpc.max_concurrent_streams: 1). Call A runs, call B waits in the client, A is cancelled.
#   nghttp2 then sends RST_STREAM of A and HEADERS of B in one packet. Since Node 22 a stream that is destroyed while the server
#   reads is only removed when the whole packet has been read, so B is one too many: RST_STREAM(ENHANCE_YOUR_CALM), from C++, before
#   any JavaScript sees it. The client kept the limit all along.
# Output seen: 20 of 20 waiting calls: RESOURCE_EXHAUSTED, "Bandwidth exhausted or memory limit exceeded"; with Node 20: 20 of 20 OK.
# One would have guessed: B is served, since A is gone; or at least REFUSED_STREAM (RFC 9113, 5.1.2), which clients may repeat.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7 node22@npm:node@22.23.3 node20@npm:node@20.20.2 >/dev/null

cat > run.cjs <<'JS'
const grpc = require('@grpc/grpc-js');
const bytes = of => of;
const method = { path: '/a.A/S', requestStream: false, responseStream: true };
for (const part of ['request', 'response']) {
  method[`${part}Serialize`] = bytes;
  method[`${part}Deserialize`] = bytes;
}
const server = new grpc.Server({ 'grpc.max_concurrent_streams': 1 });
server.addService({ s: method }, {
  s: call => {
    call.write(Buffer.from('x'));
    if (String(call.request) !== 'hold') call.end();
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (error, port) => {
  if (error) throw error;
  const ends = {};
  for (let i = 0; i < 20; i++) {
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
    const begin = text => client.makeServerStreamRequest(method.path, bytes, bytes, Buffer.from(text)).on('error', () => {});
    const a = begin('hold');
    await new Promise(resolve => a.once('data', resolve));
    const b = begin('go').on('data', () => {});
    const ended = new Promise(resolve => b.once('status', resolve));
    await new Promise(resolve => setTimeout(resolve, 20));
    a.cancel();
    const { code } = await ended;
    ends[grpc.status[code]] = (ends[grpc.status[code]] ?? 0) + 1;
    client.close();
  }
  console.log(JSON.stringify(ends));
  server.forceShutdown();
});
JS

run() { timeout 60 "$dir/node_modules/$1/bin/node" run.cjs; }
old=$(run node20)
new=$(run node22)
echo "Node 20: $old"
echo "Node 22: $new"
[ "$old" = '{"OK":20}' ] && [ "$new" = '{"RESOURCE_EXHAUSTED":20}' ]
