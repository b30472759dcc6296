#!/usr/bin/env bash
# Node, as an HTTP/2 server: behind the first GOAWAY of a graceful shutdown, requests that were on their way get no answer of any kind.
#
# Versions: node 22.23.3 (nghttp2 inside).
# Behaviour: RFC 9113, 6.8, has a server that shuts a connection down gracefully send GOAWAY with the last stream id 2^31-1, wait for
#   a round trip, and then send the final one; requests that were on their way are served meanwhile, since their ids are below the
#   one that was named. session.goaway(0, 2 ** 31 - 1) sends the first. But nghttp2 ignores each new stream behind any GOAWAY that
#   was sent by nghttp2_submit_goaway (its own way, nghttp2_submit_shutdown_notice, is not there in Node): no 'stream' event, no
#   response, no RST_STREAM, and the connection stays open. grpc-js's client then waits for as long as its deadline lets it.
# Output seen: "no answer, open", whether another stream is open or not; without the GOAWAY "answered, open".
# One would have guessed: "answered", as the last stream id of the GOAWAY says.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@22.23.3 >/dev/null

cat > run.cjs <<'JS'
const http2 = require('node:http2');
const net = require('node:net');
const frame = (type, flags, stream, payload = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
// :method GET, :scheme http, :path /, :authority a, as indexed fields of HPACK's static table and one literal.
const get = stream => frame(1, 5, stream, Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x61]));

async function look(isBusy, saysGoaway) {
  const server = http2.createServer();
  let session;
  server.on('session', made => (session = made));
  server.on('stream', stream => {
    stream.respond({ ':status': 200 });
    if (stream.id !== 1) stream.end(); // the first one stays open
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const socket = net.connect(server.address().port, '127.0.0.1');
  const answered = new Set();
  let bytes = Buffer.alloc(0);
  let isOpen = true;
  socket.on('close', () => (isOpen = false)).on('error', () => {});
  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      if (bytes[3] === 1) answered.add(bytes.readUInt32BE(5));
      bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3));
    }
  });
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]));
  if (isBusy) socket.write(get(1));
  await new Promise(resolve => setTimeout(resolve, 200));
  if (saysGoaway) session.goaway(0, 2 ** 31 - 1);
  await new Promise(resolve => setTimeout(resolve, 200));
  socket.write(get(3)); // as one that was on its way when the GOAWAY came
  await new Promise(resolve => setTimeout(resolve, 1000));
  const seen = `${answered.has(3) ? 'answered' : 'no answer'}, ${isOpen ? 'open' : 'closed'}`;
  socket.destroy();
  session.destroy();
  server.close();
  return seen;
}

(async () => {
  console.log(`without GOAWAY: ${await look(true, false)}`);
  console.log(`idle: ${await look(false, true)}`);
  console.log(`busy: ${await look(true, true)}`);
})();
JS

output=$(timeout 30 ./node_modules/node/bin/node run.cjs)
echo "$output"
[ "$output" = $'without GOAWAY: answered, open\nidle: no answer, open\nbusy: no answer, open' ]
