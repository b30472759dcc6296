import type { Cell } from './cells.ts';
import type { Client } from './contender.ts';
import { payloadOf } from './parcels.ts';

export interface Slice {
  readonly messages: number;
  readonly seconds: number;
  /** CPU seconds of the client. */
  readonly cpu: number;
  /** Milliseconds of each round trip, where one is waited for at a time. */
  readonly roundTrips: readonly number[];
}

/** Does the work of a cell, again and again for so many seconds and at least once. */
export async function slice(clients: readonly Client[], cell: Cell, seconds: number): Promise<Slice> {
  const roundTrips: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  let messages = 0;
  let elapsed: number;
  do {
    await piece(clients, cell, roundTrips);
    messages += cell.messages;
    elapsed = (performance.now() - start) / 1000;
  } while (elapsed < seconds);
  const { user, system } = process.cpuUsage(cpu);
  return { messages, seconds: elapsed, cpu: (user + system) / 1e6, roundTrips };
}

/** Where so many at once share one piece of work, each does its part of it. */
function piece(clients: readonly Client[], cell: Cell, roundTrips: number[]): Promise<unknown> {
  const { shape, bytes, at, messages } = cell;
  const order = { count: messages / at, bytes };
  const each = (work: (client: Client) => Promise<void>) =>
    Promise.all(Array.from({ length: at }, (_, i) => work(clients[i % clients.length]!)));
  if (shape === 'unary') return each(client => unaryCalls(client, order.count, bytes));
  if (shape === 'pingPong') return pingPong(clients[0]!, order, roundTrips);
  return each(client => client[shape](order));
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
