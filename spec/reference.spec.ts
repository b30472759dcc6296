import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const read = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8');

const page = read('docs/reference.md');
const entryPoints = ['index', 'operators', 'middleware', 'testing'];

/** The API reports of all entry points, which `npm run check:api` compares to the build. */
const reports = entryPoints.map(name => read(`api/${name}.api.md`));

interface Declared {
  readonly parents: readonly string[];
  /** Types by member name. */
  readonly members: ReadonlyMap<string, string>;
}

/** The interfaces of all reports. */
const interfaces = new Map<string, Declared>();
for (const report of reports) {
  for (const [, name, parents = '', body] of report.matchAll(
    /^(?:export )?interface (\w+)(?:<.*?>)?(?: extends (.*?))? \{\n(.*?)^\}/gms,
  )) {
    const members = [...body!.matchAll(/^ {4}(?:readonly )?([\w$]+)(\??)(\(.*\))?: (.*);$/gm)].map(
      ([, member, optional, parameters, type]) =>
        [member!, parameters === undefined ? typeOf(type!, optional === '?') : `${parameters} => ${type}`] as const,
    );
    interfaces.set(name!, { parents: [...parents.matchAll(/\w+/g)].map(String), members: new Map(members) });
  }
}

/** The type of an optional member without `undefined`, and without the parentheses that this adds around a function. */
function typeOf(type: string, isOptional: boolean): string {
  return isOptional ? type.replace(/ \| undefined$/, '').replace(/^\((\(.*)\)$/, '$1') : type;
}

/** The members of an interface and of its base interfaces, except the flow options, which have a table of their own. */
function membersOf(name: string): ReadonlyMap<string, string> {
  const { parents, members } = interfaces.get(name) ?? { parents: [], members: new Map() };
  const inherited = parents.filter(parent => parent !== 'FlowOptions').flatMap(parent => [...membersOf(parent)]);
  return new Map([...inherited, ...members]);
}

function hasFlowOptions(name: string): boolean {
  return (interfaces.get(name)?.parents ?? []).some(parent => parent === 'FlowOptions' || hasFlowOptions(parent));
}

/** The text below the heading that names an interface, up to the next heading. */
function sectionOf(name: string): string {
  const [, text] = new RegExp(`^##+ [^\\n]*\`${name}\`[^\\n]*\\n(.*?)(?=^##|(?![^]))`, 'ms').exec(page) ?? [];
  return text ?? '';
}

/** Types by name from the first table in a section. */
function rowsOf(section: string): ReadonlyMap<string, string> {
  const rows = section.matchAll(/^\| `([\w$]+)` \| `(.*?)` \|/gm);
  return new Map([...rows].map(([, name, type]) => [name!, type!.replaceAll('\\|', '|')]));
}

const sorted = (members: ReadonlyMap<string, string>): string[] =>
  [...members].map(([name, type]) => `${name}: ${type}`).sort();

/** The exported types of options. */
const documented = [...interfaces.keys()].filter(
  name =>
    /Options$|Config$|Keepalive$|Tls$|Age$/.test(name) &&
    reports.some(report => report.includes(`export interface ${name}`)) &&
    name !== 'FlowOptions',
);

describe('docs/reference.md', () => {
  it('is compared to all types of options', () => {
    expect(documented).to.include.members(['ConnectOptions', 'ServeOptions', 'ImplementOptions', 'CallOptions']);
    expect(documented.length).to.be.above(20);
  });

  for (const name of documented) {
    it(`has a table of ${name} with the option names and types of the library`, () => {
      const section = sectionOf(name);
      expect(section, `a heading with \`${name}\``).not.to.equal('');
      const members = membersOf(name === 'ServerKeepalive' ? 'ClientKeepalive' : name);
      expect(sorted(rowsOf(section))).to.deep.equal(sorted(members));
      expect(section.includes('[flow options](#flow-options)')).to.equal(hasFlowOptions(name));
    });
  }

  it('has a table of the flow options', () => {
    const [, section] = /^## Flow options\n(.*?)^## /ms.exec(page)!;
    expect(sorted(rowsOf(section!))).to.deep.equal(sorted(interfaces.get('FlowOptions')!.members));
  });

  it('has one table for keepalive: clients add only withoutCalls to the options of servers', () => {
    const { members } = interfaces.get('ClientKeepalive')!;
    expect([...members.keys()]).to.deep.equal(['withoutCalls']);
  });

  it('has a table of the members of ServerCall', () => {
    expect(sorted(rowsOf(sectionOf('ServerCall')))).to.deep.equal(sorted(membersOf('ServerCall')));
  });

  for (const [index, entryPoint] of entryPoints.entries()) {
    it(`lists every export of ${entryPoint}`, () => {
      const exported = [...reports[index]!.matchAll(/^export (?:const|function|class|interface|type) ([\w$]+)/gm)];
      expect(exported.length).to.be.above(5);
      const missing = exported.map(([, name]) => name!).filter(name => !page.includes(`\`${name}`));
      expect([...new Set(missing)]).to.deep.equal([]);
    });
  }
});
