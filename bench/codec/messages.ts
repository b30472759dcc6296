/** The messages that are measured, as our generated code has them; for others see contenders.ts. */
export interface Sample {
  /** The message's name in messages.proto. */
  readonly type: string;
  readonly label: string;
  readonly value: Record<string, unknown>;
}

const user = { id: '0b5a7c1e', name: 'Ada', lastName: 'Lovelace', age: 36 };

export const samples: readonly Sample[] = [
  { type: 'User', label: 'small', value: user },
  {
    type: 'Article',
    label: '1 KiB',
    value: {
      id: '0b5a7c1e-6f3d-4c2a-9a55-d1f0e7c3b2a1',
      title: 'On the Analytical Engine',
      body: 'The Engine has no pretensions whatever to originate anything. '.repeat(12),
      hash: new Uint8Array(32).fill(7),
      tags: ['history', 'computing', 'mathematics', 'engines'],
      ratings: [5, 4, 5, 300, 2, 5, 5, 4, 1000, 5],
      created: 1_700_000_000_000n,
      score: 4.5,
      published: true,
      labels: { language: 'en', region: 'uk', edition: 'first' },
    },
  },
  {
    type: 'Order',
    label: 'nested',
    value: {
      id: '42',
      customer: user,
      items: Array.from({ length: 5 }, (_, i) => ({ sku: `sku-${i}`, quantity: i, price: 1.5 * i, buyer: user })),
      payment: { case: 'card', value: '4111' },
    },
  },
  {
    type: 'Numbers',
    label: 'numbers',
    value: {
      counts: Array.from({ length: 200 }, (_, i) => (i * 7919) % 100_000),
      samples: Array.from({ length: 100 }, (_, i) => i / 8),
      ids: Array.from({ length: 30 }, (_, i) => BigInt(i) * 1_000_000_007n),
      flags: Array.from({ length: 50 }, (_, i) => i % 3 === 0),
    },
  },
  {
    type: 'Strings',
    label: 'strings',
    value: {
      words: Array.from({ length: 40 }, (_, i) => 'lorem ipsum dolor sit amet'.slice(0, 3 + (i % 20))),
      line: 'A line of some eighty characters, as programs are wont to send them to others.',
      accents: 'Größe, naïveté, Łódź, 東京',
      text: 'All work and no play makes Jack a dull boy. '.repeat(100),
    },
  },
];
