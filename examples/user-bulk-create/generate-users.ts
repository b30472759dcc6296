/** The kinds of users that are not simply created. */
export const badKinds = ['short name', 'reserved last name', 'bad email', 'bad age', 'taken id', 'malformed'] as const;
type BadKind = (typeof badKinds)[number];

const firstNames = (
  'Johanna Mateus Aisha Søren Yuki Chloé Dmitri Fatima Liam Ingrid Kwame Priya Rafael Hannah Tomasz Leilani Oscar Naledi ' +
  'Giulia Emre Siobhán Anders Mei-Ling Carlos Zuzana Tariq Elodie Jakob Amara Viktor'
).split(' ');
const lastNames = [
  ...'Lindqvist Oliveira Khan Jørgensen Tanaka Dubois Ivanov Haddad Murphy Berg Mensah Sharma Moreno Schmidt'.split(
    ' ',
  ),
  ...['Nowak', 'Kealoha', "O'Brien", 'van der Berg', 'Dlamini', 'Ricci', 'Yılmaz', 'Wang', 'Novák', 'Smith, Jr.'],
];
/** When the first of the users came: ids tell the time, as UUIDs of version 7 do. */
const START = Date.UTC(2026, 0, 1);

/**
 * A CSV of `users` users in pieces of text. Of each bad kind there are `badOfEach`, at places that the seed says, never
 * the first; all others are fine and differ in their ids. The same arguments give the same text.
 *
 * @throws RangeError when the bad ones would be all.
 */
export function* generateUsers(users: number, seed: number, badOfEach: number): Generator<string, void, undefined> {
  if (badOfEach * badKinds.length >= Math.max(users, 1)) {
    throw new RangeError(`${badOfEach} of each of ${badKinds.length} bad kinds do not fit in ${users} users`);
  }
  const random = randomFrom(seed);
  const bad = badKinds.flatMap(kind => ({ kind, left: badOfEach }));
  let badLeft = badOfEach * badKinds.length;
  let goodId = '';
  let text = 'id,name,last_name,age,email\n';

  for (let i = 0; i < users; i++) {
    // Selection sampling: exactly so many, each place as likely as any other (Knuth 3.4.2, S).
    let kind: BadKind | undefined;
    if (i > 0 && random() * (users - i) < badLeft) {
      let nth = Math.floor(random() * badLeft--);
      kind = bad.find(({ left }) => (nth -= left) < 0)!.kind;
      bad.find(other => other.kind === kind)!.left--;
    }
    const id = uuid(START + i * 7, random);
    if (kind === undefined) goodId = id;
    text += `${row(kind === 'taken id' ? goodId : id, kind, random)}\n`;
    if (text.length >= 65_536) {
      yield text;
      text = '';
    }
  }
  yield text;
}

function row(id: string, kind: BadKind | undefined, random: () => number): string {
  const name = pick(firstNames, random);
  const lastName = pick(lastNames, random);
  const email = `${name}.${lastName}`.toLowerCase().replaceAll(/[^a-z.]/g, '');
  const domain = `${pick(['example.com', 'example.org', 'mail.example.net'], random)}`;
  const age = 18 + Math.floor(random() * 70);
  const last = lastName.includes(',') ? `"${lastName}"` : lastName;
  switch (kind) {
    case 'short name':
      return `${id},${name.slice(0, 3)},${last},${age},${email}@${domain}`;
    case 'reserved last name':
      return `${id},${name},Phill,${age},${email}@${domain}`;
    case 'bad email':
      return `${id},${name},${last},${age},${email}.${domain}`;
    case 'bad age':
      return `${id},${name},${last},${pick([-1, 151, 999], random)},${email}@${domain}`;
    case 'taken id':
      return `${id},${name} II,${last},${age},${email}@${domain}`;
    case 'malformed':
      return pick([`${id},${name}`, `${id},${name},${last},unknown,${email}@${domain}`, `${id},"${name}"x,,,`], random);
    case undefined:
      // A tenth have no email, as all of the Go original.
      return `${id},${name},${last},${age},${random() < 0.1 ? '' : `${email}@${domain}`}`;
  }
}

function uuid(timeMs: number, random: () => number): string {
  const time = timeMs.toString(16).padStart(12, '0');
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${(8 + Math.floor(random() * 4)).toString(16)}${hex(3)}-${hex(6)}${hex(6)}`;
}

function pick<T>(choices: readonly T[], random: () => number): T {
  return choices[Math.floor(random() * choices.length)]!;
}

/** mulberry32: numbers from 0 to below 1, the same for the same seed on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
