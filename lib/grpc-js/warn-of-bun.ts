let hasWarned = false;

/**
 * Warns once, in a process that runs on Bun, that slow readers do not slow their peers down: Bun continues to read an
 * HTTP/2 stream that was paused after being resumed. It is a warning and not an error, because calls without slow
 * readers work.
 *
 * @param versions the versions of the process. Bun adds its own to those of the Node that it emulates.
 */
export function warnOfBun(versions: NodeJS.ProcessVersions = process.versions): void {
  const { bun } = versions;
  if (bun === undefined || hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `Bun ${bun} does not pace an HTTP/2 stream whose reader pauses and resumes: while a reader of this process is slow, its peer ` +
      'keeps sending, and the memory that this takes has no bound. Use Node where readers can be slow; see docs/peers.md',
    { code: 'RX_GRPC_BUN' },
  );
}
