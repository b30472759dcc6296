import { type Cell, messagesOf } from './cells.ts';
import type { Client } from './contender.ts';
import { payloadOf } from './parcels.ts';

export interface Slice {
  readonly messages: number;
  readonly seconds: number;
  /** CPU seconds of the client. */
  readonly cpu: number;
  /** Milliseconds of each round trip, where one is waited for at a time. */
  readonly roundTrips: Float64Array;
}

/** Does the work of a cell, again and again for so many seconds and at least once. */
export async function slice(client: Client, cell: Cell, seconds: number): Promise<Slice> {
  const roundTrips: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  let messages = 0;
  let elapsed: number;
  do {
    await piece(client, cell, roundTrips);
    messages += messagesOf(cell);
    elapsed = (performance.now() - start) / 1000;
  } while (elapsed < seconds);
  const { user, system } = process.cpuUsage(cpu);
  return { messages, seconds: elapsed, cpu: (user + system) / 1e6, roundTrips: Float64Array.from(roundTrips) };
}

/** Where so many at once share one piece of work, each does its part of it. */
function piece(client: Client, cell: Cell, roundTrips: number[]): Promise<unknown> {
  const { shape, bytes, at } = cell;
  const order = { count: messagesOf(cell) / at, bytes };
  const streams = (work: () => Promise<void>) => Promise.all(Array.from({ length: at }, work));
  if (shape === 'unary') return streams(() => unaryCalls(client, order.count, bytes));
  if (shape === 'pingPong') return pingPong(client, order, roundTrips);
  return streams(() => client[shape](order));
}

async function unaryCalls(client: Client, count: number, bytes: number): Promise<void> {
  const payload = payloadOf(bytes);
  for (let n = 1; n <= count; n++) await client.unary({ payload, n });
}

function pingPong(client: Client, order: { count: number; bytes: number }, roundTrips: number[]): Promise<void> {
  let sent = performance.now();
  return client.pingPong(order, () => {
    const back = performance.now();
    roundTrips.push(back - sent);
    sent = back;
  });
}
