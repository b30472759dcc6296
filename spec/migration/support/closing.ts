/** For a `describe`: what is to be closed after each spec of it, the last first. */
export function useClosing(): (close: () => unknown) => void {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  return close => open.push(close);
}
