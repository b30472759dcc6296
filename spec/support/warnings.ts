/** The process warnings that come while `run` runs, as `code: message`. */
export async function warningsOf(run: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const note = (warning: Error & { readonly code?: string }): unknown =>
    warnings.push(`${warning.code ?? warning.name}: ${warning.message}`);
  process.on('warning', note);
  try {
    await run();
    await new Promise(setImmediate); // they come in the turn after
  } finally {
    process.off('warning', note);
  }
  return warnings;
}
