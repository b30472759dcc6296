#!/usr/bin/env bash
# Node 20: gc(), as benchmarks call it before the clock starts, discards the compiled code of what is to be measured.
#
# Versions: node 20.20.2 (V8 11.3), @grpc/grpc-js 1.14.7.
# Behaviour: compiled code holds the objects that are embedded in it weakly. A mark-compact that gc() forces treats them as dead where
#   no call holds them at the moment, and marks each function that has such an object for deoptimization ("weak objects"): in a process
#   that has made 30,000 unary calls, dozens of functions, among them Node's Writable and Readable. The calls after it run interpreted
#   until they are compiled again, which takes two to six times the CPU in the first second. A mark-compact that V8 begins by itself,
#   for the same memory, discards none of them.
# Output seen: "forced: 72 functions discarded, 3 mark-compacts" and "by itself: 0 functions discarded, 2 mark-compacts" (numbers vary).
# One would have guessed: the same for both; gc() frees memory and leaves the code alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@20.20.2 @grpc/grpc-js@1.14.7 >/dev/null

cat > run.cjs <<'JS'
const { Client, Server, ServerCredentials, credentials } = require('@grpc/grpc-js');
const same = bytes => bytes;
const codec = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const server = new Server();
server.addService(
  { call: { path: '/a.B/Call', requestStream: false, responseStream: false, ...codec } },
  { call: (call, done) => done(null, call.request) },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (_error, port) => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = () =>
    new Promise((resolve, reject) => {
      const done = error => (error ? reject(error) : resolve());
      client.makeUnaryRequest('/a.B/Call', same, same, Buffer.alloc(32), done);
    });
  const calls = async n => {
    for (let i = 0; i < n; i += 50) await Promise.all(Array.from({ length: 50 }, call));
  };
  await calls(30_000);
  console.log('== collected');
  if (process.argv[2] === 'forced') gc();
  else {
    // Memory outside of the heap makes V8 begin a mark-compact.
    for (let i = 0; i < 400; i++) {
      new Uint8Array(2 ** 20);
      if (i % 20 === 0) await new Promise(setImmediate);
    }
  }
  await calls(5000);
  console.log('== end');
  client.close();
  server.forceShutdown();
});
JS

look() {
  timeout 60 ./node_modules/node/bin/node --expose-gc --trace-deopt --trace-gc run.cjs "$1" > "$1.log"
  # What happened between the two marks.
  sed -n '/^== collected/,/^== end/p' "$1.log" > "$1.part"
  discarded=$(grep -c 'for deoptimization, reason: weak objects' "$1.part" || true)
  collections=$(grep -c 'Mark-Compact' "$1.part" || true)
}

look forced
echo "forced: $discarded functions discarded, $collections mark-compacts"
[ "$discarded" -ge 20 ] && [ "$collections" -ge 1 ]
look own
echo "by itself: $discarded functions discarded, $collections mark-compacts"
[ "$discarded" -le 5 ] && [ "$collections" -ge 1 ]
