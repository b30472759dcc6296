#!/usr/bin/env node
import { buffer } from 'node:stream/consumers';
import { plugin } from './plugin/plugin.ts';

if (process.stdin.isTTY) {
  process.stderr.write(
    'protoc-gen-rx-grpc is a plugin that protoc and buf start: see docs/generate.md in the package rx-grpc\n',
  );
  process.exitCode = 2;
} else {
  process.stdout.write(await plugin(await buffer(process.stdin)));
}
