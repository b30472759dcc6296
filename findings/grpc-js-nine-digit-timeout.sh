#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7, client and server, on Node 20.
#
# Behaviour: a call whose deadline is 10^11 - 500 ms (3.17 years) away ends with DEADLINE_EXCEEDED at once. One of 10^11 - 10^6 ms, and
#   one of 10^11 + 10^6 ms, is answered.
# Why: the client chooses the unit first and rounds up afterwards. 99,999,999.5 seconds are below the limit of eight digits for
#   seconds, and become `grpc-timeout: 100000000S`, which has nine. The server looks for eight digits and a unit anywhere in the
#   header, and finds 00000000S.
# Seen: 99999000000 ms: OK; 99999999500 ms: 4 Deadline exceeded; 100001000000 ms: OK
# One would guess: the next larger unit (1666667M), and a server that refuses a timeout with nine digits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7
cat >call.js <<'JS'
const { Client, Server, ServerCredentials, credentials } = require('@grpc/grpc-js');
const bytes = value => value;
const method = {
  path: '/a.A/B', requestStream: false, responseStream: false,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
};
const server = new Server();
server.addService({ b: method }, { b: (call, callback) => setTimeout(() => callback(null, call.request), 100) });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, port) => {
  if (error) throw error;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  await new Promise((resolve, reject) => client.waitForReady(Date.now() + 5000, error => (error ? reject(error) : resolve())));
  const codes = [];
  for (const ms of [1e11 - 1e6, 1e11 - 500, 1e11 + 1e6]) {
    const code = await new Promise(resolve =>
      client.makeUnaryRequest(method.path, bytes, bytes, Buffer.from('x'), { deadline: Date.now() + ms }, error => {
        console.log(`${ms} ms: ${error ? `${error.code} ${error.details}` : 'OK'}`);
        resolve(error ? error.code : 0);
      }),
    );
    codes.push(code);
  }
  client.close();
  server.forceShutdown();
  process.exitCode = codes.join() === '0,4,0' ? 0 : 1;
});
JS
timeout 60 node call.js
