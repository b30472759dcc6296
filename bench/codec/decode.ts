/**
 * What our complete plain objects cost, against bare protobufjs, which gives and takes instances with fields on the prototype,
 * and against its plain objects (toObject with every field). Rounds are interleaved; a ratio is the median of the rounds'.
 *
 *   npx tsx bench/codec/decode.ts [rounds] [milliseconds of a measurement]
 */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { load } from '../../lib/codec/load.ts';

const rounds = Number(process.argv[2] ?? 15);
const ms = Number(process.argv[3] ?? 40);
const path = new URL('messages.proto', import.meta.url).pathname;
const ours = await load(path);
const root = await new protobuf.Root().load(path);
await warmWithManyTypes();

const user = { id: '0b5a7c1e', name: 'Ada', lastName: 'Lovelace', age: 36 };
const values: Readonly<Record<string, Record<string, unknown>>> = {
  User: user,
  Article: {
    id: '0b5a7c1e-6f3d-4c2a-9a55-d1f0e7c3b2a1',
    title: 'On the Analytical Engine',
    body: 'The Engine has no pretensions whatever to originate anything. '.repeat(11),
    hash: new Uint8Array(32).fill(7),
    tags: ['history', 'computing', 'mathematics', 'engines'],
    ratings: [5, 4, 5, 300, 2, 5, 5, 4, 1000, 5],
    created: 1_700_000_000_000n,
    score: 4.5,
    published: true,
    labels: { language: 'en', region: 'uk', edition: 'first' },
  },
  Order: {
    id: '42',
    customer: user,
    items: Array.from({ length: 5 }, (_, i) => ({ sku: `sku-${i}`, quantity: i, price: 1.5 * i, buyer: user })),
    payment: { case: 'card', value: '4111' },
  },
};
const complete = { defaults: true, arrays: true, objects: true, oneofs: true };

const table: Record<string, Record<string, string | number>> = {};
for (const [name, value] of Object.entries(values)) {
  const codec = ours[`bench.${name}`];
  const type = root.lookupType(`bench.${name}`);
  const bytes: Buffer = codec.encode(value);
  const instance = type.decode(bytes);
  const plain = type.toObject(instance, complete);
  const runs = {
    ours: () => codec.decode(bytes),
    bare: () => type.decode(bytes),
    toObject: () => type.toObject(type.decode(bytes), complete),
    'ours, encode': () => codec.encode(value),
    'bare, encode': () => type.encode(instance).finish(),
    fromObject: () => type.encode(type.fromObject(plain)).finish(),
  };
  const ns = measure(runs);
  table[`${name} (${bytes.length} bytes)`] = {
    'decode ns': Math.round(median(ns.ours)),
    '/ bare': ratio(ns.ours, ns.bare),
    '/ decode+toObject': ratio(ns.ours, ns.toObject),
    'encode ns': Math.round(median(ns['ours, encode'])),
    '/ bare encode': ratio(ns['ours, encode'], ns['bare, encode']),
    '/ fromObject+encode': ratio(ns['ours, encode'], ns.fromObject),
  };
}
console.table(table);

// A program has more message types than a benchmark: V8 keeps what it knows of a few shapes only at each place in the code.
async function warmWithManyTypes(): Promise<void> {
  const messages = Array.from(
    { length: 24 },
    (_, i) =>
      `message M${i} { string a${i} = 1; int32 b${i} = 2; repeated string c${i} = 3; bool d${i} = 4; M${(i + 1) % 24} e${i} = 5; }`,
  );
  const file = join(tmpdir(), `rx-grpc-bench-${process.pid}.proto`);
  await writeFile(file, `syntax = "proto3"; package warm; ${messages.join('\n')}`);
  const warm = await load(file);
  for (let n = 0; n < 3000; n++) {
    for (let i = 0; i < 24; i++) {
      const { encode, decode } = warm[`warm.M${i}`];
      decode(encode({ [`a${i}`]: 'a', [`b${i}`]: n, [`c${i}`]: ['x'], [`d${i}`]: true, [`e${i}`]: {} }));
    }
  }
}

function measure<K extends string>(runs: Record<K, () => unknown>): Record<K, number[]> {
  const names = Object.keys(runs) as K[];
  const ns = Object.fromEntries(names.map(name => [name, [] as number[]])) as unknown as Record<K, number[]>;
  for (let round = -3; round < rounds; round++) {
    for (const name of names) {
      const each = nanosecondsOf(runs[name]);
      if (round >= 0) ns[name].push(each);
    }
  }
  return ns;
}

function nanosecondsOf(run: () => unknown): number {
  let count = 0;
  const start = process.hrtime.bigint();
  const end = start + BigInt(ms) * 1_000_000n;
  let now = start;
  while (now < end) {
    for (let i = 0; i < 500; i++) run();
    count += 500;
    now = process.hrtime.bigint();
  }
  return Number(now - start) / count;
}

function ratio(a: readonly number[], b: readonly number[]): number {
  return Number(median(a.map((each, i) => each / b[i]!)).toFixed(2));
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;
}
