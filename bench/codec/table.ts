export interface Measured {
  readonly label: string;
  readonly bytes: number;
  readonly decode: number;
  readonly encode: number;
}

/** A table in Markdown of rounds by contender; the first contender is ours. */
export function table(measured: Readonly<Record<string, readonly (readonly Measured[])[]>>): string {
  const [ours, ...others] = Object.keys(measured) as [string, ...string[]];
  const lines = [
    `| message | | ${ours} ns | ${others.map(name => `/ ${name}`).join(' | ')} |`,
    `| --- | --- | --: | ${others.map(() => '--:').join(' | ')} |`,
  ];
  for (const what of ['decode', 'encode'] as const) {
    for (const [i, { label, bytes }] of measured[ours]![0]!.entries()) {
      const each = (name: string): number[] => measured[name]!.map(round => round[i]![what]);
      const ratios = others.map(name => median(each(ours).map((ns, round) => ns / each(name)[round]!)).toFixed(2));
      lines.push(`| ${label} (${bytes} bytes) | ${what} | ${Math.round(median(each(ours)))} | ${ratios.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;
}
