#!/usr/bin/env bash
# grpc-js, as a client: a call that a closing connection refuses is repeated on that same connection, and fails.
#
# Versions: @grpc/grpc-js 1.14.4 and 1.14.7, node 20.20.2.
# Behaviour: a server that closes a connection may refuse a stream that it has not looked at (RST_STREAM with REFUSED_STREAM, RFC 9113,
#   8.7) and send GOAWAY. gRPC's clients repeat a refused call by themselves, once (gRFC A6). grpc-js starts the repetition before it
#   has handled the GOAWAY, although both frames come in one packet: the repetition takes the connection that is about to end, never
#   reaches the wire, and counts as refused. The call is UNAVAILABLE, although a new connection to the same server works.
# Output seen: "14 Stream refused by server; streams: 1" for the refused call, and "0; streams: 1" for the next call of the channel.
# One would have guessed: "0; streams: 1 1", the second one on a new connection.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@20.20.2 oldest@npm:@grpc/grpc-js@1.14.4 newest@npm:@grpc/grpc-js@1.14.7 >/dev/null

cat > run.cjs <<'JS'
const net = require('node:net');
const { Client, credentials } = require(process.argv[2]);
const frame = (type, flags, stream, payload = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const uint32 = n => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const field = (name, value) =>
  Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
const reset = stream => frame(3, 0, stream, uint32(7)); // REFUSED_STREAM
const goaway = last => frame(7, 0, 0, Buffer.concat([uint32(last), uint32(0)])); // NO_ERROR
const answer = stream => Buffer.concat([
  frame(1, 4, stream, Buffer.concat([field(':status', '200'), field('content-type', 'application/grpc')])),
  frame(0, 0, stream, Buffer.from([0, 0, 0, 0, 0])),
  frame(1, 5, stream, field('grpc-status', '0')),
]);

/** Refuses the first call of the first connection and closes that; answers all others. */
async function look() {
  const streams = [];
  let connections = 0;
  let isRefused = false;
  const server = net.createServer({ noDelay: true }, socket => {
    const isFirst = connections++ === 0;
    let bytes = Buffer.alloc(0);
    let isBegun = false;
    socket.on('error', () => {});
    socket.write(frame(4, 0, 0));
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isBegun && bytes.length >= 24) { isBegun = true; bytes = bytes.subarray(24); }
      while (isBegun && bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const [type, flags, stream] = [bytes[3], bytes[4], bytes.readUInt32BE(5)];
        bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3));
        if (type === 4 && !(flags & 1)) socket.write(frame(4, 1, 0));
        if (type !== 1) continue;
        streams.push(stream);
        if (!isFirst) socket.write(answer(stream));
        else if (!isRefused) {
          isRefused = true;
          socket.write(Buffer.concat([reset(stream), goaway(stream)]));
        }
      }
    });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const client = new Client(`127.0.0.1:${server.address().port}`, credentials.createInsecure());
  const same = bytes => bytes;
  const call = () => new Promise(resolve => {
    streams.length = 0;
    client.makeUnaryRequest('/a.B/C', same, same, Buffer.alloc(1), error =>
      resolve(`${error ? `${error.code} ${error.details}` : 0}; streams: ${streams.join(' ')}`));
  });
  const seen = [await call(), await call()];
  client.close();
  server.close();
  return seen.join(' | ');
}

look().then(seen => {
  console.log(seen);
  process.exit(0);
});
JS

for version in oldest newest; do
  output=$(timeout 30 ./node_modules/node/bin/node run.cjs $version)
  echo "$version: $output"
  [ "$output" = '14 Stream refused by server; streams: 1 | 0; streams: 1' ]
done
