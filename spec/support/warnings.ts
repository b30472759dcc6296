/** The process warnings emitted during `run`, as `code: message`. */
export async function warningsOf(run: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const note = (warning: Error & { readonly code?: string }): unknown =>
    warnings.push(`${warning.code ?? warning.name}: ${warning.message}`);
  process.on('warning', note);
  try {
    await run();
    await new Promise(setImmediate); // they are emitted one turn later
  } finally {
    process.off('warning', note);
  }
  return warnings;
}
