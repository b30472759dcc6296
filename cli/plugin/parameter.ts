import type { GenerateOptions } from '../generate/source-files.ts';

/** Parses the options of a request: `int64=string,import_extension=ts`. @throws Error that says what was expected. */
export function parseParameter(parameter: string): GenerateOptions {
  const options: Record<string, string> = {};
  for (const part of parameter.split(',').map(each => each.trim())) {
    if (part === '') continue;
    const [name = '', ...rest] = part.split('=');
    const value = rest.join('=');
    const known = parameters.get(name);
    if (!known) throw new Error(`unknown option "${name}", expected ${[...parameters.keys()].join(' or ')}`);
    if (!known.values.includes(value)) {
      throw new Error(`${name}: expected ${known.values.join(', ')}, got "${value}"`);
    }
    options[known.option] = value;
  }
  return options as GenerateOptions;
}

const parameters: ReadonlyMap<string, { option: keyof GenerateOptions; values: readonly string[] }> = new Map([
  ['int64', { option: 'int64', values: ['bigint', 'string', 'number'] }],
  ['import_extension', { option: 'importExtension', values: ['js', 'ts', 'none'] }],
]);
