/** Warns, once for each method, that retry cannot repeat its calls. */
export class ReadOnceWarning {
  readonly #warned = new Set<string>();

  warn(path: string): void {
    if (this.#warned.has(path)) return;
    this.#warned.add(path);
    process.emitWarning(
      `retry does not repeat ${path} once its requests have been read: they can be read only once (the request$ of an ` +
        'incoming call, a Subject, an iterator). Give requests that can be opened again, pull(() => open()). A gateway ' +
        'leaves the retry of such a call to its own caller. To silence this, give retry to the other methods alone: ' +
        'middleware: [{ getUser: retry() }].',
      { code: 'RX_GRPC_RETRY_OFF' },
    );
  }
}
