import type { Cell } from '../throughput/cells.ts';
import type { Pair } from '../throughput/pair.ts';

type Usages = Awaited<ReturnType<Pair['usage']>>;

/** One measurement of a growing number. */
export interface Point {
  readonly x: number;
  /** Microseconds of CPU for each message or call. */
  readonly clientCpuUs: number;
  readonly serverCpuUs: number;
  /** Messages or calls in a second. */
  readonly rate: number;
  /** Bytes in V8's heap after a mark-compact, while the work goes on. */
  readonly clientHeap: number;
  readonly serverHeap: number;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What grows. */
  readonly x: string;
  readonly isLogX: boolean;
  /** What the CPU is for. */
  readonly unit: 'message' | 'call';
  readonly contenders: readonly string[];
  points(start: () => Promise<Pair>, messages: number): Promise<Point[]>;
}

/** Between two looks at a long stream, and at a point of a series. */
const LONG_PERIOD_MS = 1000;
const SHORT_PERIOD_MS = 500;
const WARM_UP_S = 1;
/** Of a point, at the least. */
const SECONDS = 2;
/** 100 million messages take two to four minutes, on a busy machine many times as long. */
const PATIENCE_S = 6 * 3600;

export const experiments: readonly Experiment[] = [
  longStream('download', 'serverStream'),
  longStream('upload', 'clientStream'),
  {
    name: 'streams',
    title: 'Streams at once, an echo of 100 messages of 32 bytes each, one connection',
    x: 'streams',
    isLogX: true,
    unit: 'message',
    contenders: ['rx-grpc', 'grpc-js'],
    points: start => series(start, [1, 10, 100, 1000, 10_000], at => cell('bidi', at, { messages: 100 * at })),
  },
  {
    name: 'connections',
    title: '100 streams over so many connections, an echo of 1,000 messages of 32 bytes each',
    x: 'connections',
    isLogX: true,
    unit: 'message',
    contenders: ['rx-grpc', 'grpc-js'],
    points: start =>
      series(start, [1, 3, 10, 30, 100], connections => cell('bidi', 100, { messages: 100_000, connections })),
  },
  {
    name: 'calls',
    title: 'Unary calls live at once, 32 bytes, one connection',
    x: 'calls at once',
    isLogX: true,
    unit: 'call',
    contenders: ['rx-grpc', 'grpc-js'],
    points: start =>
      series(start, [1, 10, 100, 1000, 10_000], at => cell('unary', at, { messages: Math.max(1000, at) })),
  },
];

/** One stream of very many messages of 32 bytes, watched every second. */
function longStream(name: string, shape: 'serverStream' | 'clientStream'): Experiment {
  return {
    name,
    title: `One stream of a ${shape === 'serverStream' ? 'server' : 'client'}, messages of 32 bytes`,
    x: 'messages',
    isLogX: false,
    unit: 'message',
    contenders: ['rx-grpc'],
    async points(start, messages) {
      const pair = await start();
      const points: Point[] = [];
      await pair.slice(cell(shape, 1, { messages: 20_000 }), WARM_UP_S);
      let last = await pair.usage();
      const reader = shape === 'serverStream' ? 'client' : 'server';
      const begin = last[reader].taken;
      let time = performance.now();
      await watched(pair, cell(shape, 1, { messages }), LONG_PERIOD_MS, usage => {
        const now = performance.now();
        const count = usage[reader].taken - last[reader].taken;
        const cpuUs = (role: 'client' | 'server') => ((usage[role].cpu - last[role].cpu) * 1e6) / count;
        points.push({
          x: usage[reader].taken - begin,
          clientCpuUs: cpuUs('client'),
          serverCpuUs: cpuUs('server'),
          rate: (count * 1000) / (now - time),
          clientHeap: usage.client.heap,
          serverHeap: usage.server.heap,
        });
        last = usage;
        time = now;
      });
      return points;
    },
  };
}

/** A point for each number: its work with a clock, then the same again, watched for the heap. */
async function series(
  start: () => Promise<Pair>,
  xs: readonly number[],
  cellOf: (x: number) => Cell,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const x of xs) {
    const pair = await start();
    const work = cellOf(x);
    await pair.slice(work, WARM_UP_S, PATIENCE_S);
    await pair.collect();
    const { messages, seconds, cpu, serverCpu } = await pair.slice(work, SECONDS, PATIENCE_S);
    let [clientHeap, serverHeap] = [0, 0];
    await watched(pair, work, SHORT_PERIOD_MS, ({ client, server }) => {
      clientHeap = Math.max(clientHeap, client.heap);
      serverHeap = Math.max(serverHeap, server.heap);
    });
    points.push({
      x,
      clientCpuUs: (cpu * 1e6) / messages,
      serverCpuUs: (serverCpu * 1e6) / messages,
      rate: messages / seconds,
      clientHeap,
      serverHeap,
    });
    await pair.stop();
  }
  return points;
}

/** Does the work of a cell, and looks at both processes once in a period, after a mark-compact of each. */
async function watched(pair: Pair, work: Cell, periodMs: number, look: (usage: Usages) => void): Promise<void> {
  let isDone = false;
  const end = pair.slice(work, SECONDS, PATIENCE_S).finally(() => {
    isDone = true;
  });
  const watch = async () => {
    while (!isDone) {
      await pair.collect();
      const usage = await pair.usage();
      if (!isDone) look(usage);
      await new Promise(resolve => setTimeout(resolve, periodMs));
    }
  };
  await Promise.all([end, watch()]);
}

const cell = (shape: Cell['shape'], at: number, more: Pick<Cell, 'messages' | 'connections'>): Cell => ({
  shape,
  bytes: 32,
  at,
  ...more,
});
