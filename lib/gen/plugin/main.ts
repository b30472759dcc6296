#!/usr/bin/env node
import { buffer } from 'node:stream/consumers';
import { plugin } from './plugin.ts';

if (process.stdin.isTTY) {
  process.stderr.write(
    'protoc-gen-rx-grpc is a plugin of protoc and buf, which start it: see docs/generate.md of rx-grpc\n',
  );
  process.exitCode = 2;
} else {
  process.stdout.write(await plugin(await buffer(process.stdin)));
}
