let hasWarned = false;

/**
 * Says once in a process that runs on Bun that its slow readers do not slow their peers down: Bun goes on reading an HTTP/2 stream
 * that was paused after it had been resumed. A warning, because calls without slow readers work.
 *
 * @param versions those of the process, in which Bun adds its own to that of the Node that it stands in for.
 */
export function warnOfBun(versions: NodeJS.ProcessVersions = process.versions): void {
  const { bun } = versions;
  if (bun === undefined || hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `Bun ${bun} does not pace an HTTP/2 stream whose reader pauses and resumes: while a reader of this process is slow, its peer ` +
      'sends on, and what it sends is held in memory without a bound. Use Node where readers can be slow; see docs/peers.md',
    { code: 'RX_GRPC_BUN' },
  );
}
