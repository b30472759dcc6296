/** Measures one contender in a process of its own: `node child.js contender code.js milliseconds`; prints nanoseconds as JSON. */
import { pathToFileURL } from 'node:url';
import { load } from '../../lib/codec/load.ts';
import { contenders } from './contenders.ts';

const [name = '', code = '', ms = ''] = process.argv.slice(2);
const all = contenders[name]!(await (code.endsWith('.proto') ? load(code) : import(pathToFileURL(code).href)));
// Every type is known before the first is measured, as in a program.
for (const { encode, decode } of all) {
  nanoseconds(decode, 60);
  nanoseconds(encode, 60);
}
const measured = all.map(({ label, bytes, encode, decode }) => ({
  label,
  bytes,
  decode: best(() => nanoseconds(decode, Number(ms))),
  encode: best(() => nanoseconds(encode, Number(ms))),
}));
process.stdout.write(JSON.stringify(measured));

// What else the machine does only ever adds. The clock is the process's own, garbage collection included.
function best(measure: () => number): number {
  return Math.min(...Array.from({ length: 5 }, measure));
}

function nanoseconds(run: () => unknown, ms: number): number {
  let count = 0;
  const start = process.cpuUsage();
  for (;;) {
    for (let i = 0; i < 100; i++) run();
    count += 100;
    const { user, system } = process.cpuUsage(start);
    if (user + system >= ms * 1000) return ((user + system) * 1000) / count;
  }
}
